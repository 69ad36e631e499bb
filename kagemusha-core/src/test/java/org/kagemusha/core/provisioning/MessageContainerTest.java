package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.kagemusha.core.provisioning.ExchangeFixture.buffer;
import static org.kagemusha.core.provisioning.ExchangeFixture.bytes;
import static org.kagemusha.core.provisioning.ExchangeFixture.message;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kagemusha.core.provisioning.MessageContainer.State;

class MessageContainerTest {

  private static final String TEXT = "mip6-sas:1\n\n";

  private final MessageContainer container = new MessageContainer();

  @Test
  void rfc6618_s5_1_readsAMessageThatComesOctetByOctet() {
    byte[] message = message("0001 000e", TEXT);
    for (int i = 0; i < message.length - 1; i++) {
      assertEquals(State.MORE, container.take(ByteBuffer.wrap(message, i, 1)));
    }
    assertEquals(
        State.WHOLE, container.take(ByteBuffer.wrap(message, message.length - 1, 1)));
    assertEquals(1, container.content().number(TvHeader.SAS, 0, 1));
    assertNull(container.problem());
  }

  @Test
  void leavesTheNextMessageInTheBuffer() {
    ByteBuffer both = buffer(message("0001 000e", TEXT), message("0002 000e", TEXT));
    assertEquals(State.WHOLE, container.take(both));
    assertEquals(18, both.remaining());
    container.next();
    assertEquals(State.WHOLE, container.take(both));
    assertEquals(0, both.remaining());
    assertEquals(2, container.answerIdentifier());
  }

  @ParameterizedTest
  @CsvSource({
    "2001000e, version 1 instead of 0, 1",
    "e001000e, version 7 instead of 0, 1",
    "1001000e, reserved bits are set, 1",
    "0101000e, reserved bits are set, 1",
    "0000000e, identifier 0 instead of 1, 1",
    "0002000e, identifier 2 instead of 1, 2",
    "00ff000e, identifier 255 instead of 1, 255",
    "00010000, no content, 1",
    "00014001, 16385 octets of content are more than 16384, 1",
    "0001ffff, 65535 octets of content are more than 16384, 1"
  })
  void rfc6618_s5_1_refusesAHeaderAtOnce(String header, String problem, int answerIdentifier) {
    byte[] octets = bytes(header);
    assertEquals(State.MORE, container.take(ByteBuffer.wrap(octets, 0, 3)));
    assertEquals(1, container.answerIdentifier());
    assertEquals(State.WRONG, container.take(ByteBuffer.wrap(octets, 3, 1)));
    assertEquals(problem, container.problem());
    assertEquals(answerIdentifier, container.answerIdentifier());
    assertEquals(State.WRONG, container.take(buffer(message("0001 000e", TEXT))));
  }

  @Test
  void rfc6618_s5_3_eachRequestHasTheNextIdentifier() {
    assertEquals(State.WHOLE, container.take(buffer(message("0001 000e", TEXT))));
    container.next();
    assertEquals(2, container.answerIdentifier());
    assertEquals(State.WRONG, container.take(buffer(message("0001 000e", TEXT))));
    assertEquals("identifier 1 instead of 2", container.problem());
  }

  @Test
  void theLongestContentIsTaken() {
    assertEquals(State.MORE, container.take(ByteBuffer.wrap(bytes("00014000"))));
    assertEquals(State.WHOLE, container.take(ByteBuffer.allocate(16_384)));
    assertNotNull(container.content().problem());
  }

  @Test
  void overwritesWhatItHeld() {
    container.take(buffer(message("0001 000e", TEXT)));
    TvReader reader = container.content();
    container.next();
    reader.number(TvHeader.SAS, 0, 1);
    assertEquals("mip6-sas is not a number from 0 to 1", reader.problem());
  }
}
