package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.daemon.service.KeysOfVm.FRESH;
import static org.kagemusha.daemon.service.KeysOfVm.HOME;
import static org.kagemusha.daemon.service.KeysOfVm.grant;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.ipsec.KeySource.Purpose;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.provisioning.Ciphersuite;
import org.kagemusha.core.provisioning.Grant;
import org.kagemusha.core.provisioning.ProvisioningRequest;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.daemon.config.VmConfig;
import org.kagemusha.daemon.loop.PacketLoop;

@Timeout(60)
class ProvisionerTest {

  /** A controller that answers when the test says so. */
  private record Asked(
      ProvisioningRequest request, Consumer<Grant> granted, Provisioner.Failure failed) {}

  @TempDir Path directory;
  private final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
  private final List<Grant> installed = new ArrayList<>();
  private final SecurityAssociationDatabase inbound = new SecurityAssociationDatabase();
  private final Provisioner.Attempt attempt =
      (request, granted, failed) -> asked.add(new Asked(request, granted, failed));
  private PacketLoop loop;
  private Provisioner provisioner;

  @BeforeEach
  void open() {
    loop = new PacketLoop("test", cause -> { });
  }

  @AfterEach
  void close() {
    loop.close();
  }

  private void start(String text) throws Exception {
    VmConfig config = KeysOfVm.config(directory, text);
    provisioner = new Provisioner(config, loop, inbound, attempt, installed::add);
  }

  private void on(Runnable work) {
    loop.call(
        () -> {
          work.run();
          return null;
        });
  }

  /** Lets the loop do what was handed to it. */
  private void settle() {
    on(() -> { });
  }

  private Asked ask() throws InterruptedException {
    on(() -> provisioner.want("test"));
    return asked.take();
  }

  private void give(Asked one, Grant grant) {
    one.granted().accept(grant);
    settle();
  }

  private static void assertDestroyed(Grant grant) {
    assertArrayEquals(new byte[grant.keyToHomeAgent().length], grant.keyToHomeAgent());
    assertArrayEquals(new byte[grant.keyToMobileNode().length], grant.keyToMobileNode());
  }

  @Test
  void asksForWhatTheFileSays() throws Exception {
    start(FRESH);
    ProvisioningRequest first = ask().request();
    assertEquals("vm7@hv-a", first.mobileNodeId());
    assertEquals(List.of(HOME), first.homeAddresses());
    assertNull(first.careOf(), "it need not know yet where it is");
    assertTrue(first.payloadProtected());
    assertEquals(List.of(Ciphersuite.AES_256_GCM, Ciphersuite.AES_128_GCM), first.suites());
  }

  @Test
  void rfc6618_s5_6_4_disabledPayloadProposesSignallingOnly() throws Exception {
    start(FRESH + "[protection]\npayload = \"disabled\"\n");
    Ipv6Address careOf = Ipv6Address.parse("2001:db8:3000::1");
    on(() -> provisioner.careOf(careOf));
    ProvisioningRequest request = ask().request();
    assertFalse(request.payloadProtected());
    assertEquals(careOf, request.careOf());
  }

  @Test
  void aRunningAttemptIsEnough() throws Exception {
    start(FRESH);
    Asked only = ask();
    on(
        () -> {
          provisioner.want("again");
          provisioner.wantNow();
          provisioner.keys().inDoubt(HOME, System.nanoTime());
        });
    settle();
    assertTrue(asked.isEmpty());
    give(only, grant(0x1000));
    assertTrue(asked.isEmpty());
  }

  @Test
  void grantedKeysAreInstalledAndTold() throws Exception {
    start(FRESH);
    Grant grant = grant(0x1000);
    give(ask(), grant);
    assertEquals(List.of(grant), installed);
    assertSame(grant, loop.call(() -> provisioner.keys().current()));
    assertEquals(0x1000, loop.call(() -> inbound.inbound(0x1000).spi()));
    assertTrue(asked.isEmpty());
  }

  @Test
  void afterAFailureTheKeysThatAreHeldGoOn() throws Exception {
    start(FRESH);
    Grant grant = grant(0x1000);
    give(ask(), grant);
    Asked second = ask();
    second.failed().failed("connection refused", 0);
    settle();
    assertEquals("connection refused", loop.call(provisioner::lastFailure));
    assertSame(grant, loop.call(() -> provisioner.keys().current()));
    on(() -> provisioner.want("a back-off is kept"));
    assertTrue(asked.isEmpty());
    on(provisioner::wantNow);
    give(asked.take(), grant(0x1001));
    assertEquals(0x1001, loop.call(() -> provisioner.keys().current().spi()));
  }

  @Test
  void afterAFailureItAsksAgainByItself() throws Exception {
    start(FRESH);
    ask().failed().failed("connection refused", 0);
    give(asked.take(), grant(0x1000));
    assertEquals(1, installed.size());
  }

  @Test
  void aGrantThatLeavesRequiredPayloadInClearIsRefusedAndForgotten() throws Exception {
    start(FRESH + "[protection]\npayload = \"required\"\n");
    Grant clear = grant(0x1000, Ciphersuite.AES_128_GCM, false);
    give(ask(), clear);
    assertDestroyed(clear);
    assertTrue(installed.isEmpty());
    assertNull(loop.call(() -> provisioner.keys().current()));
    assertTrue(loop.call(provisioner::lastFailure).contains("required"));
    assertFalse(loop.call(() -> provisioner.keys().allowsClear(HOME, Purpose.PAYLOAD)));
    assertTrue(asked.isEmpty(), "not at once again");
  }

  @Test
  void aVmThatLeavesMakesItAskForTheNextPlace() throws Exception {
    start(FRESH);
    Grant grant = grant(0x1000);
    give(ask(), grant);
    on(
        () -> {
          provisioner.keys().associations(HOME, Purpose.SIGNALLING).outbound()
              .seal(PacketBuffer.copyOf(new byte[20]), Protocol.MOBILITY);
          provisioner.keys().abandoned(System.nanoTime());
        });
    assertDestroyed(grant);
    settle();
    assertTrue(asked.isEmpty(), "not in the middle of the move");
    on(() -> provisioner.keys().associations(HOME, Purpose.SIGNALLING));
    asked.take();
  }

  @Test
  void aChangedWordForPayloadAsksAnew() throws Exception {
    start(FRESH);
    give(ask(), grant(0x1000));
    VmConfig same = KeysOfVm.config(directory, FRESH);
    on(() -> provisioner.config(same, attempt));
    assertTrue(asked.isEmpty());
    VmConfig changed = KeysOfVm.config(directory, FRESH + "[protection]\npayload = \"disabled\"\n");
    on(() -> provisioner.config(changed, attempt));
    assertFalse(asked.take().request().payloadProtected());
  }

  @Test
  void aReloadWithoutKeysAsksAtOnceWhateverTheBackOff() throws Exception {
    start(FRESH);
    ask().failed().failed("its certificate is not of a known authority", 3600);
    settle();
    assertTrue(asked.isEmpty());
    VmConfig same = KeysOfVm.config(directory, FRESH);
    on(() -> provisioner.config(same, attempt));
    settle();
    assertEquals(1, asked.size());
  }

  @Test
  void aLateGrantIsForgottenAndNothingIsAskedAfterTheEnd() throws Exception {
    start(FRESH);
    Grant held = grant(0x1000);
    give(ask(), held);
    Asked pending = ask();
    on(provisioner::close);
    assertDestroyed(held);
    Grant late = grant(0x1001);
    give(pending, late);
    assertDestroyed(late);
    pending.failed().failed("connection reset", 0);
    on(provisioner::wantNow);
    assertTrue(asked.isEmpty());
    assertEquals(1, installed.size());
    assertEquals(0, inbound.size());
  }
}
