package org.kagemusha.core.ipsec;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Inbound associations by SPI (RFC 4301 §4.4.2: unicast, so the SPI is enough). Open addressing
 * with linear probing; the cost of a look-up does not depend on the number of entries, and it
 * allocates nothing. For one thread.
 */
public final class SecurityAssociationDatabase {

  private static final int SMALLEST = 16;

  private InboundSecurityAssociation[] slots = new InboundSecurityAssociation[SMALLEST];
  private int size;

  /** The association with an SPI, or null. */
  public InboundSecurityAssociation inbound(int spi) {
    return slots[find(spi)];
  }

  /**
   * Leaves opening an ESP packet in it as deferred work, where its association is here; see {@link
   * InboundSecurityAssociation#prepare}.
   *
   * @param packet ends with the ICV; stays as it is
   * @param esp the absolute index of the ESP header in it
   */
  public void prepare(PacketBuffer packet, int esp) {
    int start = packet.offset();
    int end = packet.end();
    if (end - esp < Integer.BYTES) {
      return;
    }
    InboundSecurityAssociation association = inbound(packet.bytes().getInt(esp));
    if (association != null) {
      packet.set(esp, end - esp);
      association.prepare(packet);
      packet.set(start, end - start);
    }
  }

  /** How many associations there are. */
  public int size() {
    return size;
  }

  /** The associations as they stand now, in no order. */
  public List<InboundSecurityAssociation> associations() {
    List<InboundSecurityAssociation> all = new ArrayList<>(size);
    for (InboundSecurityAssociation association : slots) {
      if (association != null) {
        all.add(association);
      }
    }
    return all;
  }

  /**
   * Adds an association.
   *
   * @throws IllegalArgumentException if the SPI is taken
   */
  public void add(InboundSecurityAssociation association) {
    int slot = find(association.spi());
    if (slots[slot] != null) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "SPI 0x%x is taken", association.spi()));
    }
    slots[slot] = association;
    size++;
    if (size * 2 > slots.length) {
      resize();
    }
  }

  /** Removes the association with an SPI, if there is one. */
  public void remove(int spi) {
    int slot = find(spi);
    if (slots[slot] != null) {
      slots[slot] = null;
      size--;
      closeGap(slot);
    }
  }

  private int find(int spi) {
    int mask = slots.length - 1;
    int slot = home(spi, mask);
    while (slots[slot] != null && slots[slot].spi() != spi) {
      slot = slot + 1 & mask;
    }
    return slot;
  }

  private void closeGap(int gap) {
    int mask = slots.length - 1;
    int hole = gap;
    for (int slot = gap + 1 & mask; slots[slot] != null; slot = slot + 1 & mask) {
      if ((slot - home(slots[slot].spi(), mask) & mask) >= (slot - hole & mask)) {
        slots[hole] = slots[slot];
        slots[slot] = null;
        hole = slot;
      }
    }
  }

  private void resize() {
    InboundSecurityAssociation[] before = slots;
    slots = new InboundSecurityAssociation[before.length * 2];
    for (InboundSecurityAssociation association : before) {
      if (association != null) {
        slots[find(association.spi())] = association;
      }
    }
  }

  private static int home(int spi, int mask) {
    int mixed = spi * 0x9e37_79b1;
    return (mixed ^ mixed >>> 15) & mask;
  }
}
