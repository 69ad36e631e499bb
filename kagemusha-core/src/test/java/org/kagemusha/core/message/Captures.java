package org.kagemusha.core.message;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The golden captures: what UMIP, a Linux kernel and a test peer sent. */
public final class Captures {

  /** The foreign link, signalling in clear. */
  public static final String PLAIN_FOREIGN = "umip-plain-foreign-link.pcap";

  /** The foreign link, signalling in ESP. */
  public static final String ESP_FOREIGN = "umip-esp-foreign-link.pcap";

  /** Every file. */
  public static final List<String> ALL =
      List.of(
          PLAIN_FOREIGN, ESP_FOREIGN, "umip-plain-home-link.pcap", "umip-esp-home-link.pcap");

  private Captures() {}

  /** The frames of a file, as captured. */
  public static List<byte[]> frames(String name) {
    try (InputStream input = Captures.class.getResourceAsStream("/captures/" + name)) {
      PcapReader reader = new PcapReader(input);
      if (reader.linkType() != PcapReader.ETHERNET) {
        throw new IOException(name + " has link type " + reader.linkType());
      }
      List<byte[]> frames = new ArrayList<>();
      for (CapturedPacket packet = reader.next(); packet != null; packet = reader.next()) {
        frames.add(packet.octets());
      }
      return frames;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The IPv6 packets of a file, in order. */
  public static List<byte[]> packets(String name) {
    return frames(name).stream().map(frame -> Arrays.copyOfRange(frame, 14, frame.length)).toList();
  }

  /** One packet, by the number that a dissector shows. */
  public static byte[] packet(String name, int number) {
    return packets(name).get(number - 1);
  }
}
