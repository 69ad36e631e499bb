package org.kagemusha.daemon.provision;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The networks to which keys were granted before. They have a claim to be served before those of
 * whom nothing is known, so that an attacker with any number of networks cannot push them out. For
 * one thread.
 */
final class KnownSources {

  private static final int MOST = 4096;

  private final Map<SourceNetwork, Boolean> networks =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<SourceNetwork, Boolean> eldest) {
          return size() > MOST;
        }
      };

  void add(SourceNetwork network) {
    networks.put(network, Boolean.TRUE);
  }

  boolean contains(SourceNetwork network) {
    return networks.get(network) != null;
  }
}
