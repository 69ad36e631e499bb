package org.kagemusha.daemon.demo;

import java.io.IOException;

/** The sessions between a guest and its correspondent, and what each direction saw. */
interface Traffic extends AutoCloseable {

  /**
   * What became of each packet, by one clock.
   *
   * @param udpFromGuest the UDP stream from the guest
   * @param udpToGuest the UDP stream to the guest
   * @param tcpFromGuest the numbers of the TCP session from the guest
   * @param tcpToGuest the numbers of the TCP session to the guest
   */
  record Ledgers(
      PacketLedger udpFromGuest,
      PacketLedger udpToGuest,
      PacketLedger tcpFromGuest,
      PacketLedger tcpToGuest) {}

  /** To be read after {@link #finish}. */
  Ledgers ledgers();

  /** Numbers of the TCP session that reached the guest so far. */
  long tcpNumbersToGuest();

  /** Numbers of the TCP session that reached the correspondent so far. */
  long tcpNumbersToCorrespondent();

  /** Why the TCP session ended, or null while it lives. */
  String failure();

  /** Ends the streams, lets what is on its way arrive, and reads ping's summary. */
  PingProcess.Summary finish() throws IOException, InterruptedException;

  @Override
  void close() throws IOException;
}
