package org.kagemusha.daemon.demo;

import java.io.IOException;

/** What ethtool(8) does to an interface, where it need not be installed. */
final class NetworkCard {

  private static final int SET_TX_CHECKSUM = 0x17;
  private static final int SET_GRO = 0x2c;

  private static final String SCRIPT =
      "import array, fcntl, socket, struct, sys\n"
          + "v = array.array('B', struct.pack('II', int(sys.argv[2]), int(sys.argv[3])))\n"
          + "r = struct.pack('16sP16x', sys.argv[1].encode(), v.buffer_info()[0])\n"
          + "fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8946, r)\n";

  private NetworkCard() {}

  /**
   * Whether a veth passes on what is left to hardware, super-packets too. Where it does not,
   * packets are finished on its way as on a wire.
   */
  static void leavesToHardware(String namespace, String device, boolean on) throws IOException {
    set(namespace, device, SET_TX_CHECKSUM, on);
  }

  /** Whether what a veth receives is joined. */
  static void joinsReceived(String namespace, String device, boolean on) throws IOException {
    set(namespace, device, SET_GRO, on);
  }

  private static void set(String namespace, String device, int command, boolean on)
      throws IOException {
    Laboratory.exec(
        namespace, "/usr/bin/python3", "-c", SCRIPT, device, String.valueOf(command),
        on ? "1" : "0");
  }
}
