package org.kagemusha.core.message;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.pcap4j.packet.IcmpV6CommonPacket.IpV6NeighborDiscoveryOption;
import org.pcap4j.packet.IllegalRawDataException;
import org.pcap4j.packet.IpV6NeighborDiscoveryMtuOption;
import org.pcap4j.packet.IpV6NeighborDiscoveryPrefixInformationOption;
import org.pcap4j.packet.IpV6NeighborDiscoverySourceLinkLayerAddressOption;
import org.pcap4j.packet.IpV6NeighborDiscoveryTargetLinkLayerAddressOption;
import org.pcap4j.packet.namednumber.IpV6NeighborDiscoveryOptionType;

/** The options of one Neighbor Discovery message, RFC 4861 §4.6 and RFC 6275 §7. */
final class NeighborOptions {

  private static final int SOURCE_LINK_LAYER = 1;
  private static final int TARGET_LINK_LAYER = 2;
  private static final int PREFIX_INFORMATION = 3;
  private static final int PREFIX_OFFSET = 16;
  private static final int MTU = 5;
  private static final int ADVERTISEMENT_INTERVAL = 7;
  private static final int HOME_AGENT_INFORMATION = 8;

  private MacAddress sourceLinkLayer;
  private MacAddress targetLinkLayer;
  private int mtu;
  private final List<PrefixInformation> prefixes = new ArrayList<>();
  private HomeAgentInformation homeAgent;
  private int advertisementIntervalMs;
  private final List<byte[]> others = new ArrayList<>();

  private NeighborOptions() {}

  /** "All included options have a length that is greater than zero" (RFC 4861 §6.1.1), and fit. */
  static boolean areWellFormed(byte[] message, int from) {
    int at = from;
    while (at < message.length) {
      if (message.length - at < 8) {
        return false;
      }
      int length = 8 * (message[at + 1] & 0xff);
      if (length == 0 || length > message.length - at) {
        return false;
      }
      at += length;
    }
    return true;
  }

  /** Reads options that are well-formed. */
  static NeighborOptions read(byte[] message, int from) throws IllegalRawDataException {
    NeighborOptions options = new NeighborOptions();
    int at = from;
    while (at < message.length) {
      int length = 8 * (message[at + 1] & 0xff);
      options.take(message, at, length);
      at += length;
    }
    return options;
  }

  private void take(byte[] message, int at, int length) throws IllegalRawDataException {
    int type = message[at] & 0xff;
    if (type == SOURCE_LINK_LAYER) {
      // RFC 2464 §6: the length for Ethernet is 1.
      if (length == 8 && sourceLinkLayer == null) {
        sourceLinkLayer =
            MacAddress.of(
                IpV6NeighborDiscoverySourceLinkLayerAddressOption.newInstance(message, at, length)
                    .getLinkLayerAddress());
      }
    } else if (type == TARGET_LINK_LAYER) {
      if (length == 8 && targetLinkLayer == null) {
        targetLinkLayer =
            MacAddress.of(
                IpV6NeighborDiscoveryTargetLinkLayerAddressOption.newInstance(message, at, length)
                    .getLinkLayerAddress());
      }
    } else if (type == PREFIX_INFORMATION) {
      takePrefix(message, at, length);
    } else if (type == MTU) {
      if (length == 8) {
        mtu = IpV6NeighborDiscoveryMtuOption.newInstance(message, at, length).getMtu();
      }
    } else if (type == ADVERTISEMENT_INTERVAL && length == 8) {
      advertisementIntervalMs = ByteBuffer.wrap(message).getInt(at + 4);
    } else if (type == HOME_AGENT_INFORMATION && length == 8) {
      takeHomeAgent(ByteBuffer.wrap(message), at);
    } else {
      others.add(Arrays.copyOfRange(message, at, at + length));
    }
  }

  private void takePrefix(byte[] message, int at, int length) throws IllegalRawDataException {
    if (length != 32 || (message[at + 2] & 0xff) > 128) {
      return;
    }
    IpV6NeighborDiscoveryPrefixInformationOption option =
        IpV6NeighborDiscoveryPrefixInformationOption.newInstance(message, at, length);
    int flags =
        (option.getOnLinkFlag() ? PrefixInformation.ON_LINK : 0)
            | (option.getAddressConfigurationFlag() ? PrefixInformation.AUTONOMOUS : 0)
            | option.getReserved1() & 0x3f;
    prefixes.add(
        new PrefixInformation(
            Ipv6Address.read(ByteBuffer.wrap(message), at + PREFIX_OFFSET),
            option.getPrefixLengthAsInt(),
            flags,
            option.getValidLifetimeAsLong(),
            option.getPreferredLifetimeAsLong()));
  }

  private void takeHomeAgent(ByteBuffer message, int at) {
    int lifetime = message.getShort(at + 6) & 0xffff;
    // RFC 6275 §7.4: "A value of 0 MUST NOT be used."
    if (lifetime != 0) {
      homeAgent = new HomeAgentInformation(message.getShort(at + 4) & 0xffff, lifetime);
    }
  }

  MacAddress sourceLinkLayer() {
    return sourceLinkLayer;
  }

  MacAddress targetLinkLayer() {
    return targetLinkLayer;
  }

  int mtu() {
    return mtu;
  }

  List<PrefixInformation> prefixes() {
    return prefixes;
  }

  HomeAgentInformation homeAgent() {
    return homeAgent;
  }

  int advertisementIntervalMs() {
    return advertisementIntervalMs;
  }

  List<byte[]> others() {
    return others;
  }

  /** A Source Link-Layer Address option, or none for null. */
  static List<IpV6NeighborDiscoveryOption> source(MacAddress address) {
    return address == null
        ? List.of()
        : List.of(
            new IpV6NeighborDiscoverySourceLinkLayerAddressOption.Builder()
                .linkLayerAddress(address.toBytes())
                .correctLengthAtBuild(true)
                .build());
  }

  /** A Target Link-Layer Address option, or none for null. */
  static List<IpV6NeighborDiscoveryOption> target(MacAddress address) {
    return address == null
        ? List.of()
        : List.of(
            new IpV6NeighborDiscoveryTargetLinkLayerAddressOption.Builder()
                .linkLayerAddress(address.toBytes())
                .correctLengthAtBuild(true)
                .build());
  }

  /** The options of a Router Advertisement. */
  static List<IpV6NeighborDiscoveryOption> of(RouterAdvertisement advertisement) {
    List<IpV6NeighborDiscoveryOption> options = new ArrayList<>();
    for (PrefixInformation prefix : advertisement.prefixes()) {
      options.add(
          new IpV6NeighborDiscoveryPrefixInformationOption.Builder()
              .prefixLength((byte) prefix.prefixLength())
              .onLinkFlag(prefix.has(PrefixInformation.ON_LINK))
              .addressConfigurationFlag(prefix.has(PrefixInformation.AUTONOMOUS))
              .reserved1((byte) (prefix.flags() & 0x3f))
              .validLifetime((int) prefix.validSeconds())
              .preferredLifetime((int) prefix.preferredSeconds())
              .prefix(prefix.prefixOrRouterAddress().toInetAddress())
              .correctLengthAtBuild(true)
              .build());
    }
    if (advertisement.mtu() != 0) {
      options.add(
          new IpV6NeighborDiscoveryMtuOption.Builder()
              .mtu(advertisement.mtu())
              .correctLengthAtBuild(true)
              .build());
    }
    options.addAll(source(advertisement.sourceLinkLayerAddress()));
    ByteBuffer octets = ByteBuffer.allocate(8);
    if (advertisement.advertisementIntervalMs() != 0) {
      octets.put(0, (byte) ADVERTISEMENT_INTERVAL).put(1, (byte) 1);
      octets.putInt(4, advertisement.advertisementIntervalMs());
      options.add(raw(octets.array().clone()));
    }
    if (advertisement.homeAgent() != null) {
      octets.put(0, (byte) HOME_AGENT_INFORMATION).put(1, (byte) 1);
      octets.putShort(4, (short) advertisement.homeAgent().preference());
      octets.putShort(6, (short) advertisement.homeAgent().lifetimeSeconds());
      options.add(raw(octets.array()));
    }
    advertisement.otherOptions().forEach(option -> options.add(raw(option)));
    return options;
  }

  private static IpV6NeighborDiscoveryOption raw(byte[] option) {
    if (option.length < 8 || option.length != 8 * (option[1] & 0xff)) {
      throw new IllegalArgumentException("not a Neighbor Discovery option");
    }
    return new RawOption(option);
  }

  /** An option as it is: the library's own for unknown types takes no more than 1,016 octets. */
  private record RawOption(byte[] octets) implements IpV6NeighborDiscoveryOption {

    @Override
    public IpV6NeighborDiscoveryOptionType getType() {
      return IpV6NeighborDiscoveryOptionType.getInstance(octets[0]);
    }

    @Override
    public int length() {
      return octets.length;
    }

    @Override
    public byte[] getRawData() {
      return octets.clone();
    }
  }
}
