/**
 * Network namespaces for tests: one kernel as many hosts. Needs root and iproute2; tests that use
 * it carry {@code @Tag("netns")}.
 */
package org.kagemusha.tap.netns;
