package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.provisioning.Ciphersuite;
import org.kagemusha.daemon.config.CipherEngineName;
import org.kagemusha.tap.ipsecmb.IpsecMbCipherEngine;

class CipherChoiceTest {

  private static final List<Ciphersuite> GCM = List.of(Ciphersuite.AES_256_GCM);

  private final CipherEngines before = CipherEngines.standard();

  @AfterEach
  void asBefore() {
    CipherEngines.use(before);
  }

  @Test
  void theJdkIfTheOperatorWantsIt() throws IOException {
    CipherChoice.make(CipherEngineName.JDK, GCM, 1);
    assertEquals("jdk", CipherChoice.inUse());
  }

  @Test
  void theLibraryWhereItIs() throws IOException {
    boolean there = IpsecMbCipherEngine.load().isPresent();
    CipherChoice.make(CipherEngineName.AUTO, GCM, 1);
    assertEquals(there ? "ipsec-mb" : "jdk", CipherChoice.inUse());
  }

  @Test
  void theLibraryOrNothingIfTheOperatorWantsThat() {
    String used;
    try {
      CipherChoice.make(CipherEngineName.IPSEC_MB, GCM, 1);
      used = CipherChoice.inUse();
    } catch (IOException e) {
      used = e.getMessage();
    }
    boolean there = IpsecMbCipherEngine.load().isPresent();
    assertEquals(
        there ? "ipsec-mb" : "[protection] cipher-engine", used.split(" =")[0]);
  }

  @Test
  void nothingIsChosenWhereNoSuiteHasAesGcm() throws IOException {
    CipherChoice.make(CipherEngineName.AUTO, List.of(Ciphersuite.CHACHA20_POLY1305), 1);
    assertSame(before, CipherEngines.standard());
  }

  @Test
  void severalThreadsAreForStaticKeysToo() throws IOException {
    CipherChoice.make(CipherEngineName.AUTO, List.of(), 3);
    assertEquals(3, CipherEngines.standard().members());
    CipherChoice.make(CipherEngineName.JDK, GCM, 2);
    assertEquals(2, CipherEngines.standard().members());
  }
}
