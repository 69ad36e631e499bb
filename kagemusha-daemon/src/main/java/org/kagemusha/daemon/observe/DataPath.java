package org.kagemusha.daemon.observe;

import com.google.gson.JsonObject;

/**
 * Which of the ways through the daemon the packets take, as it was chosen at the start.
 *
 * @param link how the guest is joined: {@code tap}, {@code stream} or {@code dgram}
 * @param offloads whether the tap takes and gives super-frames
 * @param udpOffloads whether it does so for UDP too, which older kernels do not
 * @param coalescing whether segments are joined for the tap
 * @param batch packets in one system call at most
 * @param tunnels whether what comes through tunnels is received: not while nothing can come
 * @param udpSegmentation whether the kernel cuts ESP in UDP into packets, UDP_SEGMENT
 * @param udpJoining whether it hands over several packets of ESP in UDP in one, UDP_GRO
 * @param kernelEncapsulation whether the kernel encapsulates clear super-frames: {@code off},
 *     {@code yes}, or {@code no} and why in parentheses
 * @param direct whether packets leave straight to the next hop: {@code off}, {@code yes} and to how
 *     many destinations in parentheses, or {@code no} and why in parentheses
 * @param cipher the engine that protects payload
 * @param cipherThreads how many threads share its work
 * @param scheduling how the thread of the packets is scheduled
 */
public record DataPath(
    String link,
    boolean offloads,
    boolean udpOffloads,
    boolean coalescing,
    int batch,
    boolean tunnels,
    boolean udpSegmentation,
    boolean udpJoining,
    String kernelEncapsulation,
    String direct,
    String cipher,
    int cipherThreads,
    String scheduling) {

  /** Adds a row for each stage. */
  void rows(TextTable table) {
    table.row(link, frames() + (coalescing ? ", coalescing" : ""));
    table.row("underlay", "batches of " + batch + ", ESP in UDP " + udp() + closed());
    if (!kernelEncapsulation.equals("off")) {
      table.row("kernel encapsulation", kernelEncapsulation);
    }
    if (!direct.equals("off")) {
      table.row("direct", direct);
    }
    table.row("cipher", cipherThreads > 1 ? cipher + ", " + cipherThreads + " threads" : cipher);
    table.row("scheduling", scheduling);
  }

  /** For {@code status json}; names are stable. */
  JsonObject json() {
    JsonObject json = new JsonObject();
    json.addProperty("link", link);
    json.addProperty("tap_offloads", offloads);
    json.addProperty("tap_udp_offloads", udpOffloads);
    json.addProperty("coalescing", coalescing);
    json.addProperty("batch", batch);
    json.addProperty("tunnels", tunnels);
    json.addProperty("udp_segment", udpSegmentation);
    json.addProperty("udp_gro", udpJoining);
    json.addProperty("kernel_encapsulation", kernelEncapsulation);
    json.addProperty("direct", direct);
    json.addProperty("cipher", cipher);
    json.addProperty("cipher_threads", cipherThreads);
    json.addProperty("scheduling", scheduling);
    return json;
  }

  private String frames() {
    if (!offloads) {
      return "frame by frame";
    }
    return udpOffloads ? "super-frames of TCP and UDP" : "super-frames of TCP";
  }

  private String closed() {
    return tunnels ? "" : ", tunnels closed";
  }

  private String udp() {
    if (udpSegmentation && udpJoining) {
      return "segmented and joined by the kernel";
    }
    if (udpSegmentation) {
      return "segmented by the kernel";
    }
    return udpJoining ? "joined by the kernel" : "packet by packet";
  }
}
