package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.OTHER_CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.OTHER_HOME_AGENT;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.mobility.EncapsulationChoice.Form;
import org.kagemusha.core.mobility.MobileNodeSettings.Encapsulation;
import org.kagemusha.core.wire.Ipv6Address;

/** What is known of which form of ESP gets through, and for how long. */
class EncapsulationChoiceTest {

  private static final long MS = 1_700_000_000_000L;

  private final EncapsulationChoice choice = new EncapsulationChoice();

  private Form form(long wallMs) {
    return choice.form(HOME_AGENT, CARE_OF, wallMs);
  }

  @Test
  void withoutPortsUdpIsNoChoice() {
    choice.mode(Encapsulation.AUTO);
    assertEquals(Form.NATIVE, form(MS));
    assertFalse(choice.isStuck());
    choice.mode(Encapsulation.UDP);
    assertTrue(choice.isStuck());
    assertFalse(choice.ports(4500, 0));
    assertTrue(choice.isStuck());
    assertTrue(choice.ports(4500, 4500));
    assertFalse(choice.ports(4500, 4500));
    assertEquals(Form.UDP, form(MS));
    choice.mode(Encapsulation.NONE);
    assertEquals(Form.NATIVE, form(MS));
  }

  @Test
  void whatWasLearnedHoldsForAnHourForItsPathAlone() {
    choice.mode(Encapsulation.AUTO);
    choice.ports(4500, 4500);
    assertEquals(Form.BOTH, form(MS));
    choice.learned(HOME_AGENT, CARE_OF, true, MS);
    assertEquals(Form.UDP, form(MS + EncapsulationChoice.MEMORY_MS - 1));
    assertEquals(Form.BOTH, form(MS + EncapsulationChoice.MEMORY_MS));
    assertEquals(Form.BOTH, form(MS - 1));
    assertEquals(Form.BOTH, choice.form(OTHER_HOME_AGENT, CARE_OF, MS));
    assertEquals(Form.BOTH, choice.form(HOME_AGENT, OTHER_CARE_OF, MS));
    Ipv6Address neighbour = new Ipv6Address(CARE_OF.high(), 99);
    assertEquals(Form.UDP, choice.form(HOME_AGENT, neighbour, MS));
    choice.learned(HOME_AGENT, neighbour, false, MS + 5);
    assertEquals(Form.NATIVE, form(MS + 5));
    choice.forget(HOME_AGENT, CARE_OF);
    assertEquals(Form.BOTH, form(MS + 5));
  }

  @Test
  void itIsHandedOverWithoutWhatIsOldAndIsBounded() {
    choice.mode(Encapsulation.AUTO);
    choice.ports(4500, 4500);
    for (int i = 0; i < 100; i++) {
      choice.learned(HOME_AGENT, new Ipv6Address(i + (0x2001L << 48), 1), true, MS + i);
    }
    EncapsulationMemory memory = choice.memory(MS + 99);
    assertEquals(64, memory.paths().size());
    EncapsulationChoice next = new EncapsulationChoice();
    next.memory(memory);
    assertEquals(memory, next.memory(MS + 99));
    assertEquals(List.of(), next.memory(MS + 99 + EncapsulationChoice.MEMORY_MS).paths());
    next.memory(EncapsulationMemory.NONE);
    assertEquals(EncapsulationMemory.NONE, next.memory(MS));
  }
}
