package org.kagemusha.daemon.demo;

/**
 * What a demonstration is asked for.
 *
 * @param protection where keys come from, and what ESP covers
 * @param dad {@code strict}, {@code optimistic} or {@code off}
 * @param rounds moves there and back
 * @param stayMs how long the guest stays at each place
 * @param keep whether logs and configuration files are left behind
 */
record DemoOptions(
    DemoProtection protection, String dad, int rounds, int stayMs, boolean keep) {}
