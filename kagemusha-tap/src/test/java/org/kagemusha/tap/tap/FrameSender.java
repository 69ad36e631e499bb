package org.kagemusha.tap.tap;

import java.lang.ref.Reference;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/** Sends frames out of an interface. */
final class FrameSender {

  private static final int SOCKADDR_LL = 20;

  private FrameSender() {}

  static void send(String name, byte[] octets) throws KernelException {
    NativeMemory frame = new NativeMemory(octets.length);
    frame.bytes().put(0, octets);
    NativeMemory to = new NativeMemory(SOCKADDR_LL);
    to.bytes().putShort(0, (short) Constants.AF_PACKET).putInt(4, Libc.if_nametoindex(name));
    try (Descriptor socket =
        Descriptor.openSocket(Constants.AF_PACKET, Constants.SOCK_RAW, 0, "packet socket")) {
      if (Libc.sendto(socket.fd(), frame.address(), octets.length, 0, to.address(), SOCKADDR_LL)
          < 0) {
        throw KernelException.last("sendto", name);
      }
    }
    Reference.reachabilityFence(frame);
    Reference.reachabilityFence(to);
  }
}
