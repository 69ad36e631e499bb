package org.kagemusha.tap.vmsocket;

import java.util.ArrayList;
import java.util.List;

/** Writes down what a port tells of its peers. */
final class HeardPeers implements VmSocketListener {

  final List<String> heard = new ArrayList<>();

  @Override
  public void connected(String peer, int peers) {
    heard.add("connected " + peers);
  }

  @Override
  public void disconnected(String peer, String cause, boolean wrong, int peers) {
    heard.add("disconnected " + peers + (wrong ? " wrong: " : ": ") + cause);
  }

  @Override
  public void refused(String peer, String cause) {
    heard.add("refused: " + cause);
  }

  @Override
  public void speaks(String peer) {
    heard.add("speaks");
  }

  /** What was told since the last time. */
  List<String> take() {
    List<String> all = List.copyOf(heard);
    heard.clear();
    return all;
  }
}
