package org.kagemusha.daemon.provision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.provisioning.HeldGrant;
import org.kagemusha.core.provisioning.PeerIdentity;
import org.kagemusha.daemon.LogLines;
import org.kagemusha.daemon.provision.AuditLog.Refusal;

class AuditLogTest {

  private static final long SECOND = 1_000_000_000L;
  private static final PeerIdentity PEER =
      new PeerIdentity("CN=hv-a,O=Example", List.of("dns:hv-a.example"), "CN=CA", "1f", 0);

  private final LogLines lines = new LogLines(AuditLog.NAME);
  private final AtomicLong nowNs = new AtomicLong();
  private final AuditLog audit = new AuditLog(() -> 1_000_000_000_999L, nowNs::get);

  @AfterEach
  void close() {
    lines.close();
  }

  private static HeldGrant held() {
    return new HeldGrant(
        "vm1", "hv-a", TrialHosts.grant(), null, "standby", 3600, List.of(TrialHosts.HOME));
  }

  @Test
  void aGrantSaysWhoGotWhatUntilWhenAndNoKey() {
    audit.onGranted(held(), PEER, TrialHosts.request());
    String line = lines.all().get(0);
    assertEquals(
        "grant host=hv-a node=vm1 hoa=2001:db8:2000::10 spi=0x01234567 suite=aes-gcm-256"
            + " scope=payload until=2001-09-09T02:46:40Z coa=2001:db8:3000::5"
            + " nai=vm1@hv-a.example subject=\"CN=hv-a,O=Example\" serial=1f",
        line);
    assertFalse(line.contains("5555") || line.contains("aaaa"), line);
  }

  @Test
  void aRefusalSaysWhy() {
    audit.onRefused(PEER, TrialHosts.request(), "hv-a may not speak for 2001:db8:2000::10");
    assertEquals(
        "refusal hoa=2001:db8:2000::10 coa=2001:db8:3000::5 nai=vm1@hv-a.example"
            + " subject=\"CN=hv-a,O=Example\" serial=1f"
            + " reason=\"hv-a may not speak for 2001:db8:2000::10\"",
        lines.all().get(0));
  }

  @Test
  void revocationByListAndByConfigurationStandOut() {
    audit.onEnded(held(), PEER, "revoked", List.of(TrialHosts.HOME));
    audit.onEnded(held(), PEER, "withdrawn", List.of());
    audit.onEnded(held(), PEER, "expired", List.of());
    List<String> all = lines.all();
    assertTrue(all.get(0).startsWith("revocation host=hv-a node=vm1 hoa="), all.get(0));
    assertTrue(all.get(0).contains(" bound=2001:db8:2000::10 "), all.get(0));
    assertTrue(all.get(0).endsWith(" reason=revoked"), all.get(0));
    assertTrue(all.get(1).startsWith("revocation host=hv-a "), all.get(1));
    assertTrue(all.get(1).contains(" bound=none "), all.get(1));
    assertTrue(all.get(2).startsWith("end host=hv-a "), all.get(2));
  }

  @Test
  void strangersGetALimitedNumberOfLinesOfEachKind() {
    for (int i = 0; i < 1000; i++) {
      audit.onRefused(Refusal.SILENCE, "[2001:db8::1]:" + i, "no ClientHello");
    }
    assertEquals(10, lines.all().size());
    audit.onRefused(Refusal.HANDSHAKE, "[2001:db8::2]:1", "expired");
    assertEquals("refusal peer=[2001:db8::2]:1 reason=\"expired\"", lines.all().get(10));
    nowNs.addAndGet(SECOND);
    audit.onRefused(Refusal.SILENCE, "[2001:db8::3]:1", "no ClientHello");
    assertEquals(
        "refusal peer=[2001:db8::3]:1 reason=\"no ClientHello\" suppressed=990",
        lines.all().get(11));
    // Those who can be held to account are always written.
    for (int i = 0; i < 1000; i++) {
      audit.onUnfinished("[2001:db8::1]:1", PEER, "too slow");
    }
    assertEquals(1012, lines.all().size());
  }

  @Test
  void wordsOfAPeerEndNeitherTheValueNorTheLine() {
    assertEquals(
        "\"a\\\" reason=\\\"x?grant host=\\\\\"", AuditLog.quoted("a\" reason=\"x\ngrant host=\\"));
    assertTrue(AuditLog.quoted("x".repeat(10_000)).length() < 400);
    PeerIdentity hostile = new PeerIdentity("CN=x\" serial=\"1", List.of(), "CN=CA", "1 2", 0);
    audit.onRefused(hostile, TrialHosts.request(), "no");
    String line = lines.all().get(0);
    assertTrue(line.contains("subject=\"CN=x\\\" serial=\\\"1\" serial=\"1 2\" reason"), line);
  }
}
