package org.kagemusha.core.neighbor;

import java.util.random.RandomGenerator;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Map;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Duplicate Address Detection (RFC 4862 §5.4) of many addresses at once, as a state and not a
 * thread. One solicitation (DupAddrDetectTransmits is 1), an answer awaited for RetransTimer (1 s).
 * No group is joined: the link is heard as a whole.
 */
public final class DuplicateAddressDetection {

  /** Takes the outcome; may start or cancel others from within. */
  public interface Listener {
    /** Nobody answered within RetransTimer. */
    void onUnique(Ipv6Address address, long nowNs);

    /** Somebody has it, or is testing for it. */
    void onDuplicate(Ipv6Address address, MacAddress holder, long nowNs);
  }

  private static final Logger log = LoggerFactory.getLogger(DuplicateAddressDetection.class);
  private static final long PACE_NS = 1_000_000L;
  private static final int BURST = 64;

  private static final class Test extends Timed {
    final Ipv6Address address;
    boolean solicited;

    Test(Ipv6Address address) {
      this.address = address;
    }
  }

  private final MacAddress mac;
  private final NeighborFrames frames;
  private final Listener listener;
  private final RandomGenerator random;
  private final Counters counters;
  private final Ipv6Map<Test> tests = new Ipv6Map<>();
  private final DeadlineHeap<Test> deadlines = new DeadlineHeap<>();
  private final Pacer pacer = new Pacer(PACE_NS, BURST);

  /**
   * @param mac the station that tests; frames from it are its own, looped back
   * @param random spreads the solicitations of a burst
   */
  public DuplicateAddressDetection(
      MacAddress mac, HomeLink link, Listener listener, RandomGenerator random, Counters counters) {
    this.mac = mac;
    this.frames = new NeighborFrames(link);
    this.listener = listener;
    this.random = random;
    this.counters = counters;
  }

  /**
   * Starts testing an address: the solicitation leaves at once, or in its turn if many start
   * together. A second start of an address is ignored while the first goes on.
   */
  public void start(Ipv6Address address, long nowNs) {
    if (tests.get(address) != null) {
      return;
    }
    Test test = new Test(address);
    tests.put(address, test);
    long slotNs = pacer.next(nowNs);
    if (slotNs <= nowNs) {
      solicit(test, nowNs);
    } else {
      deadlines.schedule(test, slotNs + random.nextLong(PACE_NS));
    }
  }

  /** Gives up silently; nothing happens for an address that is not being tested. */
  public void cancel(Ipv6Address address) {
    Test test = tests.remove(address);
    if (test != null) {
      deadlines.cancel(test);
    }
  }

  /** Says whether an address is being tested. */
  public boolean isTentative(Ipv6Address address) {
    return tests.get(address) != null;
  }

  /** How many addresses are being tested. */
  public int size() {
    return tests.size();
  }

  /** Takes a frame heard on the link; only an NS or NA for an address under test matters. */
  public void onNeighborDiscovery(PacketBuffer frame, long nowNs) {
    if (tests.size() == 0 || NeighborFrames.targetedType(frame) < 0) {
      return;
    }
    int target = NeighborFrames.targetIndex(frame);
    if (tests.get(frame.bytes().getLong(target), frame.bytes().getLong(target + 8)) == null) {
      return;
    }
    NeighborMessage message = NeighborFrames.parse(frame);
    if (message == null) {
      counters.drop(DropReason.ND_INVALID);
      return;
    }
    onNeighborDiscovery(message, NeighborFrames.stationOf(frame), nowNs);
  }

  /**
   * The same for a message that was read already.
   *
   * @param station the Ethernet source of its frame
   */
  public void onNeighborDiscovery(NeighborMessage message, MacAddress station, long nowNs) {
    // RFC 4862 §5.4.3: "If the solicitation is from the node itself (because the node loops back
    // multicast packets), the solicitation does not indicate the presence of a duplicate address."
    if (station.equals(mac)) {
      return;
    }
    Ipv6Address target;
    MacAddress holder = station;
    if (message instanceof NeighborAdvertisement advertisement) {
      // §5.4.4: "If the target address is tentative, the tentative address is not unique."
      target = advertisement.target();
      if (advertisement.targetLinkLayerAddress() != null) {
        holder = advertisement.targetLinkLayerAddress();
      }
    } else if (message instanceof NeighborSolicitation solicitation
        && solicitation.source().isUnspecified()) {
      // §5.4.3: "If the solicitation is from another node, the tentative address is a duplicate and
      // should not be used (by either node)." From a unicast source it is "silently ignored".
      target = solicitation.target();
    } else {
      return;
    }
    Test test = tests.remove(target);
    if (test != null) {
      deadlines.cancel(test);
      log.warn("dad failed address={} holder={}", target, holder);
      listener.onDuplicate(target, holder, nowNs);
    }
  }

  /** Sends what waited for its turn, and reports the addresses that nobody claimed. */
  public void onDeadline(long nowNs) {
    for (Test due = deadlines.pollDue(nowNs); due != null; due = deadlines.pollDue(nowNs)) {
      if (due.solicited) {
        tests.remove(due.address);
        listener.onUnique(due.address, nowNs);
      } else {
        solicit(due, nowNs);
      }
    }
  }

  /** When {@link #onDeadline} is due, or {@link org.kagemusha.core.node.NodeEngine#NEVER}. */
  public long nextDeadlineNs() {
    return deadlines.nextDeadlineNs();
  }

  private void solicit(Test test, long nowNs) {
    // RFC 4862 §5.4.2: "The IP source is set to the unspecified address, and the IP destination is
    // set to the solicited-node multicast address of the target address."
    Ipv6Address group = test.address.solicitedNode();
    frames.send(
        new NeighborSolicitation(Ipv6Address.UNSPECIFIED, group, test.address, null),
        MacAddress.multicastOf(group),
        mac);
    counters.add(Counter.NEIGHBOR_SOLICITATIONS_SENT);
    test.solicited = true;
    deadlines.schedule(test, nowNs + NeighborFrames.RETRANS_TIMER_NS);
  }
}
