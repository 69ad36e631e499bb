package org.kagemusha.daemon.lab;

import java.util.List;

/** What can be measured. */
enum SubjectKind {
  /** The kernel routes; nothing is encapsulated. */
  PLAIN("plain", 0),
  /** IPv6 in IPv6 by the kernel: seg6 {@code encap.red}, and {@code End.DT6} to decapsulate. */
  SEG6("seg6", 40),
  /** Kagemusha at both ends, IPv6 in IPv6. */
  CLEAR("clear", 0),
  /** The same; the kernel puts super-packets into the tunnel. */
  CLEAR_KERNEL("clear-kernel", 0),
  /** IPv6 in IPv6 that leaves straight to the next hop. */
  CLEAR_DIRECT("clear-direct", 0),
  /** Kagemusha at the guest's end alone; the home agent's tunnel is the kernel's. */
  CLEAR_ONE_END("clear-one-end", 0),
  /** The same; at the guest's end too, the kernel puts super-packets into the tunnel. */
  CLEAR_KERNEL_ONE_END("clear-kernel-one-end", 0),
  /** Kagemusha at both ends, ESP with AES-128-GCM. */
  ESP("esp", 0),
  /** The same; packets leave straight to the next hop. */
  ESP_DIRECT("esp-direct", 0),
  /** Kagemusha at both ends, ESP with AES-128-GCM in UDP. */
  ESP_UDP("esp-udp", 0),
  /** wireguard-go at both ends. */
  WIREGUARD("wireguard-go", 80, "wireguard-go", "wg"),
  /** OpenVPN at both ends, AES-256-GCM in UDP. */
  OPENVPN("openvpn", 80, "openvpn", "openssl"),
  /** A relay in C at both ends, IPv6 in IPv6: one packet for each system call. */
  RELAY("relay", 40, "gcc");

  private final String word;
  private final int overhead;
  private final List<String> tools;

  SubjectKind(String word, int overhead, String... tools) {
    this.word = word;
    this.overhead = overhead;
    this.tools = List.of(tools);
  }

  /** Its name in tables and on the command line. */
  String word() {
    return word;
  }

  /** Octets around a packet of the guest; 0 where guest and correspondent are left to find out. */
  int overhead() {
    return overhead;
  }

  /** The programs that it needs besides those that every subject needs. */
  List<String> tools() {
    return tools;
  }

  /** Whether it is Kagemusha. */
  boolean isOurs() {
    return isClear() || this == ESP || this == ESP_DIRECT || this == ESP_UDP;
  }

  /** Whether it is Kagemusha without ESP. */
  boolean isClear() {
    return this == CLEAR || this == CLEAR_DIRECT || isByKernel() || isOneEnd();
  }

  /** Whether Kagemusha leaves it to the kernel to put super-packets into the tunnel. */
  boolean isByKernel() {
    return this == CLEAR_KERNEL || this == CLEAR_KERNEL_ONE_END;
  }

  /** Whether Kagemusha carries the packets at the guest's end alone. */
  boolean isOneEnd() {
    return this == CLEAR_ONE_END || this == CLEAR_KERNEL_ONE_END;
  }

  /** Whether its packets leave straight to the next hop. */
  boolean isDirect() {
    return this == CLEAR_DIRECT || this == ESP_DIRECT;
  }
}
