package org.kagemusha.tap.libc;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * Functions of the C library, mapped directly: primitive arguments, addresses as {@code long}. Each
 * answers as its manual page says; where that is -1, {@link #errno()} has the reason until the
 * thread's next call.
 *
 * <p>Sizes ({@code size_t}, {@code ssize_t}) are {@code long}, which holds on 64-bit Linux only.
 * {@code ioctl} and {@code fcntl} are variadic in C; the conventions of x86-64 and of aarch64 pass
 * integer arguments of variadic functions like those of others. The constants of this package are
 * those of the kernel's generic ABI, which both architectures use; MIPS, SPARC, PowerPC and Alpha
 * number sockets' options, ioctls and some errors differently.
 */
public final class Libc {

  static {
    if (Native.POINTER_SIZE != 8 || Native.LONG_SIZE != 8) {
      throw new ExceptionInInitializerError("only 64-bit Linux is supported");
    }
    Native.register(Libc.class, NativeLibrary.getProcess());
  }

  private Libc() {}

  /** open(2). */
  public static native int open(String path, int flags);

  /** close(2). */
  public static native int close(int fd);

  /** read(2). */
  public static native long read(int fd, long address, long count);

  /** write(2). */
  public static native long write(int fd, long address, long count);

  /** ioctl(2) with a pointer or integer argument. */
  public static native int ioctl(int fd, long request, long argument);

  /** fcntl(2) with an integer argument. */
  public static native int fcntl(int fd, int command, long argument);

  /** socket(2). */
  public static native int socket(int domain, int type, int protocol);

  /** bind(2). */
  public static native int bind(int fd, long address, int length);

  /** getsockname(2); the length is an {@code int} in memory. */
  public static native int getsockname(int fd, long address, long length);

  /** connect(2). */
  public static native int connect(int fd, long address, int length);

  /** listen(2). */
  public static native int listen(int fd, int backlog);

  /** accept4(2); the address and its length may be 0. */
  public static native int accept4(int fd, long address, long length, int flags);

  /** epoll_create1(2). */
  public static native int epoll_create1(int flags);

  /** epoll_ctl(2). */
  public static native int epoll_ctl(int epoll, int operation, int fd, long event);

  /** epoll_wait(2). */
  public static native int epoll_wait(int epoll, long events, int count, int timeoutMs);

  /** setsockopt(2). */
  public static native int setsockopt(int fd, int level, int option, long value, int length);

  /** getsockopt(2). */
  public static native int getsockopt(int fd, int level, int option, long value, long length);

  /** sendto(2). */
  public static native long sendto(
      int fd, long buffer, long count, int flags, long address, int addressLength);

  /** recv(2). */
  public static native long recv(int fd, long buffer, long count, int flags);

  /** recvfrom(2); the length of the address is an {@code int} in memory. */
  public static native long recvfrom(
      int fd, long buffer, long count, int flags, long address, long addressLength);

  /** sendmsg(2). */
  public static native long sendmsg(int fd, long message, int flags);

  /** recvmsg(2). */
  public static native long recvmsg(int fd, long message, int flags);

  /** sendmmsg(2). */
  public static native int sendmmsg(int fd, long vector, int count, int flags);

  /** recvmmsg(2). */
  public static native int recvmmsg(int fd, long vector, int count, int flags, long timeout);

  /** mmap(2): the address, or -1. */
  public static native long mmap(
      long address, long length, int protection, int flags, int fd, long offset);

  /** munmap(2). */
  public static native int munmap(long address, long length);

  /** madvise(2). */
  public static native int madvise(long address, long length, int advice);

  /** if_nametoindex(3): 0 where there is no such interface. */
  public static native int if_nametoindex(String name);

  /** setns(2): moves the calling thread, and it alone, into a namespace. */
  public static native int setns(int fd, int type);

  /** sched_setscheduler(2). */
  public static native int sched_setscheduler(int thread, int policy, long parameters);

  /** sched_getscheduler(2). */
  public static native int sched_getscheduler(int thread);

  /** clock_gettime(2). */
  public static native int clock_gettime(int clock, long time);

  /** strerror(3). */
  public static native String strerror(int errno);

  /** The error of the calling thread's last failed call. */
  public static int errno() {
    return Native.getLastError();
  }
}
