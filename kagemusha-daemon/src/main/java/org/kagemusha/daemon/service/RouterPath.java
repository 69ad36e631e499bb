package org.kagemusha.daemon.service;

import java.util.Objects;
import java.util.concurrent.Executor;
import org.kagemusha.core.mobility.MobileNode;
import org.kagemusha.core.neighbor.HomeRouter;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.nft.RouterFrames;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** While the guest is abroad, its bridge brings what is for its home router to the tap alone. */
final class RouterPath implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(RouterPath.class);

  private final RouterFrames frames;
  private final MobileNode engine;
  private final Executor edge;

  // The loop's.
  private MacAddress asked;

  // The edge thread's.
  private MacAddress wanted;
  private String failure;

  RouterPath(RouterFrames frames, MobileNode engine, Executor edge) {
    this.frames = frames;
    this.engine = engine;
    this.edge = edge;
  }

  /** Does what is right for the guest's place, soon; on the loop. */
  void follow() {
    HomeRouter router = engine.isGuestAbroad() ? engine.homeRouter() : null;
    MacAddress now = router == null ? null : router.mac();
    if (!Objects.equals(now, asked)) {
      asked = now;
      edge.execute(
          () -> {
            wanted = now;
            again();
          });
    }
  }

  /** Sees to it that it is so: another tool may have flushed the rules. On the edge thread. */
  void again() {
    try {
      if (wanted == null) {
        frames.remove();
      } else {
        frames.lead(wanted);
      }
      failure = null;
    } catch (KernelException e) {
      if (!Objects.equals(failure, e.getMessage())) {
        failure = e.getMessage();
        log.warn("guest's frames for its router reach all ports of the bridge cause={}", failure);
      }
    }
  }

  /** On the edge thread. */
  @Override
  public void close() throws KernelException {
    wanted = null;
    frames.remove();
  }
}
