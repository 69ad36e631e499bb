package org.kagemusha.core.mobility;

/** What happens in a move, in the order in which it usually does. */
public enum Milestone {
  /** The VMM stopped the VM, by its own clock. */
  VMM_STOP("vmm-stop"),
  /** The daemon heard of it. */
  PAUSED("paused"),
  /** The daemon was told, or found, that the VM has left. */
  LEFT("left"),
  /** The VM went on where it was stopped: it has not moved. */
  RESUMED("resumed"),
  /** The VMM let the VM go on here, by its own clock. */
  VMM_RESUME("vmm-resume"),
  /** The daemon heard of it, or saw the VM's first frame. */
  ARRIVED("arrived"),
  /** The first Binding Update was sent. */
  BINDING_UPDATE("bu-sent"),
  /** The first Binding Acknowledgement that accepted one. */
  ACKNOWLEDGEMENT("ba-received"),
  /** The guest's first packet into the tunnel. */
  FIRST_PACKET_UP("first-packet-up"),
  /** The first packet out of the tunnel for the guest. */
  FIRST_PACKET_DOWN("first-packet-down");

  private final String text;

  Milestone(String text) {
    this.text = text;
  }

  /** The name in reports. */
  public String text() {
    return text;
  }
}
