package org.kagemusha.core.ipsec.engine;

/** Where AES-CBC takes its initialisation vectors from. */
@FunctionalInterface
public interface InitialisationVectors {

  /**
   * Writes the next 16 octets, which nobody without the generator's key can foresee (RFC 3602 §3).
   *
   * @param into the array to write into
   * @param at the index of the first octet
   */
  void next(byte[] into, int at);

  /** The usual source: a generator per thread, seeded by the system; see {@link Workspace}. */
  static InitialisationVectors random() {
    return (into, at) -> Workspace.ofThisThread().ivs().next(into, at);
  }
}
