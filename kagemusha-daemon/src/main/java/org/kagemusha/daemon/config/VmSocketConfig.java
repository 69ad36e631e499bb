package org.kagemusha.daemon.config;

import java.nio.file.Path;

/**
 * The Unix socket by which a VMM hands over its guest's frames, in the place of a tap.
 *
 * @param datagrams whether each frame is a datagram; else they come as a stream
 * @param path where the daemon listens
 * @param group whose members may connect, or null for that of the daemon
 */
public record VmSocketConfig(boolean datagrams, Path path, String group) {

  private static final String GROUP = "[A-Za-z_][A-Za-z0-9_.-]{0,31}";

  private enum Link {
    TAP,
    STREAM,
    DGRAM
  }

  /**
   * @param name the VM's
   * @return null where the link is a tap
   */
  static VmSocketConfig read(Section vm, String name) {
    Link link = vm.choice("link", Link.TAP, Choices.of(Link.class));
    Path path =
        vm.parsed(
            "socket", Path.of("/run/kagemusha/" + name + ".net"),
            "an absolute path of at most " + OperatingConfig.LONGEST_SOCKET_PATH + " octets",
            OperatingConfig::socketPath);
    String group =
        vm.parsed(
            "socket-group", null, "the name of a group, such as \"libvirt-qemu\"",
            VmSocketConfig::group);
    if (link == Link.TAP) {
      for (String key : new String[] {"socket", "socket-group"}) {
        if (vm.has(key)) {
          vm.problem(
              key, "found with link = \"tap\"; expected none, or link = \"stream\" or \"dgram\"");
        }
      }
      return null;
    }
    return new VmSocketConfig(link == Link.DGRAM, path, group);
  }

  /** The word for the kind of link. */
  public String word() {
    return datagrams ? "dgram" : "stream";
  }

  private static String group(String text) {
    if (!text.matches(GROUP)) {
      throw new IllegalArgumentException("not a group's name");
    }
    return text;
  }
}
