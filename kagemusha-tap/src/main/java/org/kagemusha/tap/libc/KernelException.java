package org.kagemusha.tap.libc;

import java.io.IOException;

/** A call into the kernel that failed: what was tried, on which object, why, and what may help. */
public class KernelException extends IOException {

  private static final long serialVersionUID = 1L;

  private final String operation;
  private final String object;
  private final int errno;

  /**
   * Describes a failure.
   *
   * @param operation what was tried: a system call or request, such as {@code TUNSETIFF}
   * @param object on what: a device, an address, a path
   * @param errno the error number, positive, or 0 where the kernel gave none
   * @param hint what usually causes it and what to do, or an empty string
   */
  public KernelException(String operation, String object, int errno, String hint) {
    super(text(operation, object, errno, hint));
    this.operation = operation;
    this.object = object;
    this.errno = errno;
  }

  /** The failure of the calling thread's last call, with the usual hint for its error number. */
  public static KernelException last(String operation, String object) {
    return of(operation, object, Libc.errno());
  }

  /** A failure with the usual hint for its error number. */
  public static KernelException of(String operation, String object, int errno) {
    return new KernelException(operation, object, errno, usualHint(object, errno));
  }

  /** What was tried. */
  public String operation() {
    return operation;
  }

  /** On which object. */
  public String object() {
    return object;
  }

  /** The error number, or 0 where the kernel gave none. */
  public int errno() {
    return errno;
  }

  private static String text(String operation, String object, int errno, String hint) {
    StringBuilder text = new StringBuilder(operation).append(' ').append(object);
    if (errno != 0) {
      text.append(": ").append(Errno.name(errno)).append(" (").append(Libc.strerror(errno));
      text.append(')');
    }
    return hint.isEmpty() ? text.toString() : text.append(": ").append(hint).toString();
  }

  private static String usualHint(String object, int errno) {
    return switch (errno) {
      case Errno.EPERM, Errno.EACCES ->
          "the process needs CAP_NET_ADMIN and CAP_NET_RAW (root, or AmbientCapabilities= of its"
              + " systemd unit)";
      case Errno.EBUSY -> "another process holds " + object;
      case Errno.ENODEV, Errno.ENXIO -> "there is no interface " + object;
      case Errno.ENOENT -> object + " does not exist";
      case Errno.EADDRNOTAVAIL -> "the address is not assigned to an interface of this host";
      case Errno.EAFNOSUPPORT -> "IPv6 is not available (ipv6.disable=1, or disabled by sysctl)";
      default -> "";
    };
  }
}
