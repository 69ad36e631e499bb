package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.daemon.service.KeysOfVm.FRESH;
import static org.kagemusha.daemon.service.KeysOfVm.HOME;
import static org.kagemusha.daemon.service.KeysOfVm.HOME_AGENT;
import static org.kagemusha.daemon.service.KeysOfVm.grant;

import com.google.gson.JsonObject;
import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.provisioning.Ciphersuite;
import org.kagemusha.core.provisioning.HeldGrant;
import org.kagemusha.core.provisioning.ProvisionedKeys;
import org.kagemusha.daemon.config.VmConfig;
import org.kagemusha.daemon.control.ControlReply;
import org.kagemusha.daemon.loop.PacketLoop;

/** What is told about keys, and to whom the keys themselves. */
@Timeout(60)
class KeyReportsTest {

  private static final String UP = "5e".repeat(20);
  private static final String DOWN = "7a".repeat(20);

  @TempDir Path directory;
  private PacketLoop loop;

  @BeforeEach
  void open() {
    loop = new PacketLoop("test", cause -> { });
  }

  @AfterEach
  void close() {
    loop.close();
  }

  private static List<HeldGrant> held(Ciphersuite suite) {
    ProvisionedKeys keys =
        new ProvisionedKeys(new SecurityAssociationDatabase(), 1, (reason, nowNs) -> { });
    keys.install(grant(0xabc123, suite, true), 0);
    return keys.held(0);
  }

  @Test
  void reportsShowNoKey() {
    List<HeldGrant> held = held(Ciphersuite.AES_128_GCM);
    String text = GrantReport.text(held);
    assertTrue(text.contains("0x00abc123"), text);
    assertTrue(text.contains("standby"), text);
    assertTrue(text.contains("3600 s"), text);
    JsonObject json = GrantReport.json(held).get(0).getAsJsonObject();
    assertEquals("all", json.get("purpose").getAsString());
    assertEquals(0xabc123, json.get("spi_in").getAsInt());
    assertEquals(3600, json.get("valid_s").getAsInt());
    assertEquals(HOME.toString(), json.get("home_addresses").getAsJsonArray().get(0).getAsString());
    assertFalse((text + json + held.get(0).grant()).contains("5e5e"));
    assertFalse((text + json + held.get(0).grant()).contains("7a7a"));
  }

  @Test
  void wiresharkIsToldTheKeyOfEachDirection() {
    assertEquals(
        List.of(
            "\"IPv6\",\"*\",\"" + HOME_AGENT + "\",\"0x00abc123\","
                + "\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x" + UP + "\",\"NULL\",\"\"\n",
            "\"IPv6\",\"" + HOME_AGENT + "\",\"*\",\"0x00abc123\","
                + "\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x" + DOWN + "\",\"NULL\",\"\"\n"),
        GrantReport.espKeys(held(Ciphersuite.AES_128_GCM)));
  }

  @Test
  void whatWiresharkCannotDecryptIsAComment() {
    for (String line : GrantReport.espKeys(held(Ciphersuite.CHACHA20_POLY1305))) {
      assertTrue(line.startsWith("# SPI 0x00abc123: "), line);
      assertFalse(line.contains("5e5e"));
    }
  }

  @Test
  void aFilesKeysAndAControllersAreAskedForInOneWay() throws Exception {
    VmConfig config = KeysOfVm.config(directory, FRESH);
    NodeKeys keys =
        new NodeKeys(config, new FileSequenceStore(directory.resolve("s"), Runnable::run));
    assertTrue(keys.isThere());
    assertEquals(0, keys.reportJson().size());
    Provisioner provisioner =
        new Provisioner(
            config, loop, keys.inbound(), (request, granted, failed) -> { }, given -> { });
    keys.provisioner(provisioner);
    assertSame(provisioner.keys(), keys.source());
    assertFalse(keys.isThere());
    assertEquals(List.of(), keys.signallingSpis(config));
    provisioner.keys().install(grant(0xabc123), System.nanoTime());
    assertTrue(keys.isThere());
    assertEquals(List.of(0xabc123L), keys.signallingSpis(config));
    assertEquals(2, keys.espKeys(List.of(HOME_AGENT)).size());
    assertEquals(1, keys.reportJson().size());
    assertTrue(keys.report().contains("0x00abc123"));
    loop.call(
        () -> {
          provisioner.close();
          return null;
        });
    assertFalse(keys.isThere());
  }

  private static String read(EmbeddedChannel client) {
    client.runPendingTasks();
    ByteBuf octets = client.readOutbound();
    if (octets == null) {
      return null;
    }
    String text = octets.toString(StandardCharsets.US_ASCII);
    octets.release();
    return text;
  }

  @Test
  void aCaptureIsToldEachKeyOnceAndThoseThatCome() {
    List<String> table = new ArrayList<>(List.of("one\n", "two\n"));
    KeyExport export = new KeyExport(() -> table);
    export.publish();
    EmbeddedChannel client = new EmbeddedChannel();
    export.start(client, 60);
    assertEquals("one\ntwo\n", read(client));
    export.publish();
    assertNull(read(client));
    table.set(0, "three\n");
    EmbeddedChannel second = new EmbeddedChannel();
    export.start(second, 60);
    assertEquals("three\ntwo\n", read(second));
    assertEquals("three\n", read(client));
    second.close();
    table.add("four\n");
    export.publish();
    assertEquals("four\n", read(client));
    assertNull(read(second));
  }

  @Test
  void aCaptureIsToldKeysForItsTimeOnly() {
    List<String> table = new ArrayList<>(List.of("one\n"));
    KeyExport export = new KeyExport(() -> table);
    EmbeddedChannel client = new EmbeddedChannel();
    export.start(client, 60);
    assertEquals("one\n", read(client));
    client.advanceTimeBy(59, TimeUnit.SECONDS);
    client.runScheduledPendingTasks();
    assertTrue(client.isOpen());
    client.advanceTimeBy(1, TimeUnit.SECONDS);
    client.runScheduledPendingTasks();
    assertFalse(client.isOpen());
    table.add("two\n");
    export.publish();
    assertNull(read(client));
  }

  @Test
  void preparedIsSaidWhenNothingIsMissingAnyMore() throws Exception {
    AtomicInteger looks = new AtomicInteger();
    CompletableFuture<ControlReply> answer = new CompletableFuture<>();
    Preparation preparation =
        new Preparation(
            loop, () -> looks.incrementAndGet() < 3 ? "no keys" : null, () -> "prepared, ready");
    loop.execute(() -> preparation.await(answer::complete));
    assertEquals(ControlReply.done("prepared, ready\n"), answer.get());
    assertEquals(3, looks.get());
  }
}
