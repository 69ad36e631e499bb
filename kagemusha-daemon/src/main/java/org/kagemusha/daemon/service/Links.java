package org.kagemusha.daemon.service;

import java.util.Optional;
import java.util.concurrent.ExecutorService;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.daemon.config.TunnelConfig;
import org.kagemusha.daemon.loop.PacketLoop;
import org.kagemusha.daemon.loop.PacketSink;
import org.kagemusha.daemon.observe.Capture;
import org.kagemusha.daemon.observe.DataPath;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netlink.Neighbour;
import org.kagemusha.tap.port.FramePort;
import org.kagemusha.tap.team.CipherThreads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Both sides of the engine, and the way that packets take through them. */
final class Links implements PacketSink, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Links.class);

  private final FramePort device;
  private final PacketLoop loop;
  private final TapLink home;
  private final UnderlayLink underlay;
  private final TunnelConfig started;
  private final CipherThreads team;
  private final KernelEncapsulation kernel;
  private final DirectSending direct;
  private String notKernel;

  /**
   * @param peers how many tunnels there are about
   * @param countsSent whether the engine leaves counting what is sent to us
   * @param config how to send; what of it the links depend on stays as it is now
   * @param cipherThreads that share the work of ciphers, the loop's included
   * @param edge for what waits
   */
  Links(
      FramePort device, PacketLoop loop, Capture capture, Counters counters, boolean countsSent,
      TunnelConfig config, int peers, int cipherThreads, ExecutorService edge) {
    this.device = device;
    this.loop = loop;
    started = config;
    home = new TapLink(device, loop, capture, counters, countsSent, config.coalescing());
    team = CipherEngines.standard().mayDefer() ? new CipherThreads(cipherThreads) : null;
    underlay =
        new UnderlayLink(
            loop, capture, counters, countsSent, team == null ? CipherTeam.alone() : team);
    kernel = config.kernelEncapsulation() ? openKernel(peers) : null;
    underlay.kernel(kernel);
    direct = config.direct() ? new DirectSending(peers, loop, edge) : null;
    underlay.direct(direct == null ? null : direct.hops());
  }

  private KernelEncapsulation openKernel(int peers) {
    if (!device.offloads()) {
      notKernel = "the guest's link has no offloads";
    } else {
      try {
        return KernelEncapsulation.open(peers);
      } catch (KernelException e) {
        notKernel = e.getMessage();
      }
    }
    log.warn("kernel encapsulation not used cause={}", notKernel);
    return null;
  }

  /** The interface by which the kernel is given packets to encapsulate, if it is. */
  Optional<String> entrance() {
    return kernel == null ? Optional.empty() : Optional.of(kernel.interfaceName());
  }

  /** The local address, or null, is another one: the kernel encapsulates from there too. */
  void local(Ipv6Address address) {
    if (kernel != null) {
      kernel.local(address);
    }
  }

  /** Looks again whether the kernel encapsulates as it shall; on the loop. */
  void again() {
    if (kernel != null) {
      kernel.again();
    }
  }

  /** Addresses, interfaces or routes have changed, or rules; on the loop. */
  void changed(boolean rules) {
    if (kernel == null) {
      return;
    }
    if (rules) {
      kernel.rulesChanged();
    } else {
      kernel.changed();
    }
  }

  /** Addresses, interfaces, routes or rules have changed; on the loop. */
  void otherWays() {
    if (direct != null) {
      direct.changed();
    }
  }

  /** The kernel's neighbour cache has changed; on the loop. */
  void neighbour(Neighbour neighbour) {
    if (direct != null) {
      direct.neighbour(neighbour);
    }
  }

  /** Gives both sides their engine, and says in the log how packets go. */
  void engine(NodeEngine engine) {
    home.engine(engine);
    underlay.engine(engine);
    DataPath path = dataPath();
    log.info(
        "data path interface={} offloads={} coalescing={} batch={} encapsulation={} direct={}"
            + " cipher={} cipher-threads={}",
        device.name(), device.offloadText(), path.coalescing(), path.batch(),
        kernel == null ? "own" : "kernel by " + kernel.interfaceName(), direct != null,
        path.cipher(),
        path.cipherThreads());
    int processors = Runtime.getRuntime().availableProcessors();
    if (path.cipherThreads() > processors) {
      log.warn(
          "more cipher threads than processors make it slower threads={} processors={}",
          path.cipherThreads(), processors);
    }
  }

  TapLink home() {
    return home;
  }

  UnderlayLink underlay() {
    return underlay;
  }

  int batch() {
    return started.batch();
  }

  /** Whether a new configuration asks for other links than these. */
  boolean isOther(TunnelConfig fresh) {
    return fresh.coalescing() != started.coalescing()
        || fresh.batch() != started.batch()
        || fresh.direct() != started.direct()
        || fresh.kernelEncapsulation() != started.kernelEncapsulation();
  }

  @Override
  public void flush(long nowNs) {
    // What the network refuses may have an answer for the home side.
    underlay.flush(nowNs);
    home.flush(nowNs);
  }

  /** The way that was chosen. */
  DataPath dataPath() {
    return new DataPath(
        device.kind(),
        device.offloads(), device.segmentsUdp(), home.isCoalescing(),
        underlay.batch(started.batch()),
        underlay.tunnels() != null && underlay.tunnels().isOpen(),
        underlay.segmentsUdp(), underlay.joinsUdp(), kernelText(),
        direct == null ? "off" : direct.text(), CipherChoice.inUse(),
        team == null ? 1 : team.members(), loop.scheduling());
  }

  private String kernelText() {
    if (!started.kernelEncapsulation()) {
      return "off";
    }
    String reason = kernel == null ? notKernel : kernel.reason();
    return reason == null ? "yes" : "no (" + reason + ")";
  }

  @Override
  public void close() {
    if (kernel != null) {
      kernel.close();
    }
    underlay.close();
    if (direct != null) {
      direct.close();
    }
    if (team != null) {
      team.close();
    }
  }
}
