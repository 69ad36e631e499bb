package org.kagemusha.core.ipsec;

/** Where reservations of sequence numbers outlive the process, such as a file. */
public interface SequenceStore {

  /**
   * The highest number that is known to be reserved durably, so that it outlives a crash of process
   * and machine.
   *
   * @param spi the association's SPI
   * @return 0 if nothing was reserved, or nothing can be read
   */
  long load(int spi);

  /**
   * Reserves all numbers up to one. May return before it is durable; {@link #load} tells when it
   * is. Does not throw: a reservation that fails is one that {@link #load} never shows.
   *
   * @param spi the association's SPI
   * @param upTo the highest number reserved, higher than any before
   */
  void reserve(int spi, long upTo);
}
