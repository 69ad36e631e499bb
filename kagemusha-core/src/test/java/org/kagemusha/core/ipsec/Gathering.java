package org.kagemusha.core.ipsec;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.kagemusha.core.ipsec.engine.CipherEngine;
import org.kagemusha.core.ipsec.engine.EspCipher;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.ipsec.engine.InitialisationVectors;
import org.kagemusha.core.wire.CipherWork;
import org.kagemusha.core.wire.PacketBuffer;

/** Another engine's ciphers, which do what was begun in one pass, a few packets at most. */
final class Gathering implements CipherEngine {

  private static final int MOST = 5;

  private final CipherEngine engine;
  private final List<Runnable> begun = new ArrayList<>();
  private int passes;

  Gathering(CipherEngine engine) {
    this.engine = engine;
  }

  /** How often several packets were done in one pass. */
  int passes() {
    return passes;
  }

  @Override
  public String name() {
    return "gathering";
  }

  @Override
  public boolean supports(EspTransform transform) {
    return engine.supports(transform);
  }

  @Override
  public boolean gathers() {
    return true;
  }

  @Override
  public EspCipher sealing(
      EspTransform transform, byte[] encryptionKey, byte[] integrityKey, boolean extended,
      InitialisationVectors ivs) {
    return gathered(engine.sealing(transform, encryptionKey, integrityKey, extended, ivs));
  }

  @Override
  public EspCipher opening(
      EspTransform transform, byte[] encryptionKey, byte[] integrityKey, boolean extended) {
    return gathered(engine.opening(transform, encryptionKey, integrityKey, extended));
  }

  private void pass() {
    passes += begun.size() > 1 ? 1 : 0;
    begun.forEach(Runnable::run);
    begun.clear();
  }

  private EspCipher gathered(EspCipher real) {
    return new EspCipher() {
      private final List<Boolean> outcomes = new ArrayList<>();
      private final List<RuntimeException> thrown = new ArrayList<>();

      @Override
      public void seal(PacketBuffer packet, long sequence) {
        real.seal(packet, sequence);
      }

      @Override
      public boolean open(PacketBuffer packet, long sequence) {
        return real.open(packet, sequence);
      }

      @Override
      public int beginSealing(PacketBuffer packet, long sequence) {
        return begin(
            packet,
            view -> {
              real.seal(view, sequence);
              return true;
            });
      }

      @Override
      public void completeSealing(int ticket) {
        complete(ticket);
      }

      @Override
      public int beginOpening(PacketBuffer packet, long sequence) {
        return begin(packet, view -> real.open(view, sequence));
      }

      @Override
      public boolean completeOpening(PacketBuffer packet, long sequence, int ticket) {
        return complete(ticket);
      }

      private int begin(PacketBuffer packet, Predicate<PacketBuffer> work) {
        if (begun.size() == MOST) {
          return CipherWork.NOT_BEGUN;
        }
        PacketBuffer view = new PacketBuffer(packet.bytes(), packet.address());
        view.set(packet.offset(), packet.length());
        int ticket = outcomes.size();
        outcomes.add(false);
        thrown.add(new IllegalStateException("not done"));
        begun.add(
            () -> {
              try {
                outcomes.set(ticket, work.test(view));
                thrown.set(ticket, null);
              } catch (IllegalStateException e) {
                thrown.set(ticket, e);
              }
            });
        return ticket;
      }

      private boolean complete(int ticket) {
        pass();
        if (thrown.get(ticket) != null) {
          throw thrown.get(ticket);
        }
        return outcomes.get(ticket);
      }

      @Override
      public void destroy() {
        real.destroy();
      }
    };
  }
}
