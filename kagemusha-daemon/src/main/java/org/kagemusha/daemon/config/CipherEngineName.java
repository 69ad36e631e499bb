package org.kagemusha.daemon.config;

/** Who computes AES-GCM. */
public enum CipherEngineName {
  /** Intel's ipsec-mb where it is installed and the CPU has AES-NI, else the JDK. */
  AUTO,
  /** The JDK, even where ipsec-mb is installed. */
  JDK,
  /** Intel's ipsec-mb; without it the daemon does not start. */
  IPSEC_MB
}
