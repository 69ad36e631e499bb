package org.kagemusha.daemon.lab;

import java.util.Locale;

/** A figure of the table. */
enum Measure {
  /** One TCP stream from the guest, Gbit/s. */
  TCP_UP,
  /** One TCP stream to the guest, Gbit/s. */
  TCP_DOWN,
  /** Datagrams of 64 octets received a second from the guest, thousands. */
  UDP_UP,
  /** Datagrams of 64 octets received a second by the guest, thousands. */
  UDP_DOWN,
  /** Round-trip time, microseconds. */
  PING_AVERAGE,
  /** Round-trip time that one of 100 exceeds, microseconds. */
  PING_P99,
  /** Round-trip time that one of 1,000 exceeds, microseconds. */
  PING_P999,
  /** Echo Requests without an answer, percent. */
  PING_LOST,
  /** Cores of the subject's processes for each Gbit/s of TCP_UP. */
  COST_UP,
  /** Cores of the whole machine in softirqs for each Gbit/s of TCP_UP. */
  SOFTIRQ_UP,
  /** Cores of the whole machine, TCP's both ends included, for each Gbit/s of TCP_UP. */
  MACHINE_UP,
  /** Cores of the subject's processes for each Gbit/s of TCP_DOWN. */
  COST_DOWN,
  /** Cores of the whole machine in softirqs for each Gbit/s of TCP_DOWN. */
  SOFTIRQ_DOWN,
  /** Cores of the whole machine, TCP's both ends included, for each Gbit/s of TCP_DOWN. */
  MACHINE_DOWN,
  /** Proportional set size at the guest's side after the load, MiB. */
  PSS_GUEST,
  /** Proportional set size at the home agent's side after the load, MiB. */
  PSS_FAR,
  /** Proportional set size of each of the idle daemons beside the guest's, average, MiB. */
  PSS_IDLE;

  /** Its key in JSON. */
  String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
