package org.kagemusha.core.message;

/**
 * A mobility message of a type that is not handled here; RFC 6275 §9.2 answers it by Binding Error
 * 2.
 *
 * @param type the MH Type
 */
public record UnknownMobilityMessage(int type) implements MobilityMessage {}
