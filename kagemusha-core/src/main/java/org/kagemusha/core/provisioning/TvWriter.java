package org.kagemusha.core.provisioning;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/**
 * Writes one message: the container of RFC 6618 §5.1 around the TypeValue headers of §5.2. Keys go
 * from octets to octets; the workspace is overwritten in the end.
 */
final class TvWriter {

  private static final byte[] DIGITS = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CRLF = {'\r', '\n'};
  private static final int WORDS = 8;

  private final byte[] message =
      new byte[MessageContainer.HEADER_OCTETS + MessageContainer.MAXIMUM_CONTENT];
  private int end = MessageContainer.HEADER_OCTETS;

  /** Begins a message with an Identifier of 1 to 255. */
  TvWriter(int identifier) {
    message[1] = (byte) identifier;
  }

  /** A header with printable ASCII text. */
  TvWriter text(TvHeader header, String value) {
    name(header);
    put(value.getBytes(StandardCharsets.US_ASCII));
    put(CRLF);
    return this;
  }

  /** A header with a decimal number, not negative. */
  TvWriter number(TvHeader header, long value) {
    return text(header, Long.toString(value));
  }

  /** A header with octets in hexadecimal. */
  TvWriter octets(TvHeader header, byte[] value) {
    name(header);
    for (byte octet : value) {
      message[end++] = DIGITS[(octet & 0xff) >>> 4];
      message[end++] = DIGITS[octet & 0xf];
    }
    put(CRLF);
    return this;
  }

  /** A header with a time in seconds since 1970. */
  TvWriter date(TvHeader header, long seconds) {
    return text(header, HttpDate.format(seconds));
  }

  /** A header with an address. */
  TvWriter address(TvHeader header, Ipv6Address value) {
    return text(header, words(value));
  }

  /** A header for each address. */
  TvWriter addresses(TvHeader header, List<Ipv6Address> values) {
    values.forEach(value -> address(header, value));
    return this;
  }

  /** A header with a prefix. */
  TvWriter prefix(TvHeader header, Ipv6Prefix value) {
    return text(header, words(value.address()) + "/" + value.length());
  }

  /** A header with suites. */
  TvWriter suites(TvHeader header, List<Ciphersuite> values) {
    // §5.6.5: csuite = "{" suite "}", in a list csuite *("," csuite).
    return text(
        header,
        values.stream()
            .map(
                suite ->
                    String.format(Locale.ROOT, "{%02X,%02X}", suite.first(), suite.second()))
            .collect(Collectors.joining(",")));
  }

  /** Ends the message and gives it; this writer is of no use then. */
  byte[] finish() {
    // §5.5.7: end-of-message = 2CRLF.
    put(CRLF);
    put(CRLF);
    int length = end - MessageContainer.HEADER_OCTETS;
    message[2] = (byte) (length >>> Byte.SIZE);
    message[3] = (byte) length;
    byte[] finished = Arrays.copyOf(message, end);
    Arrays.fill(message, (byte) 0);
    return finished;
  }

  private void name(TvHeader header) {
    put(header.text().getBytes(StandardCharsets.US_ASCII));
    message[end++] = ':';
  }

  private void put(byte[] octets) {
    System.arraycopy(octets, 0, message, end, octets.length);
    end += octets.length;
  }

  /** §5.7: ip6-addr = 7( word ":" ) word, without the {@code ::} of RFC 4291. */
  private static String words(Ipv6Address address) {
    StringBuilder text = new StringBuilder();
    for (int word = 0; word < WORDS; word++) {
      long half = word < WORDS / 2 ? address.high() : address.low();
      text.append(word == 0 ? "" : ":")
          .append(Long.toHexString(half >>> Short.SIZE * (3 - word % 4) & 0xffff));
    }
    return text.toString();
  }
}
