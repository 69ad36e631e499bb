package org.kagemusha.daemon.tls;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.daemon.config.TlsFiles;

class TlsFilesFuzzTest {

  private static Path directory;
  private static TlsFiles good;

  @BeforeAll
  static void issue() throws Exception {
    directory = Files.createTempDirectory("kagemusha");
    good = new TestPki(directory, "Test CA").leaf("hv-a").write();
  }

  @AfterAll
  static void remove() throws Exception {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }

  static Stream<byte[]> seeds() throws Exception {
    Path here = Files.createTempDirectory("kagemusha");
    TestPki pki = new TestPki(here, "Seeds");
    byte[] list = pki.list(Instant.now().plus(TestPki.DAY), BigInteger.TEN);
    List<byte[]> seeds =
        List.of(
            Files.readAllBytes(pki.file),
            list,
            TestPki.pem("X509 CRL", list).getBytes(StandardCharsets.US_ASCII),
            TestPki.pem("PRIVATE KEY", pki.keys.getPrivate().getEncoded())
                .getBytes(StandardCharsets.US_ASCII));
    Files.delete(pki.file);
    Files.delete(here);
    return seeds.stream();
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void everyFileIsReadOrRefused(byte[] octets) throws Exception {
    Path file = directory.resolve("fuzzed");
    for (TlsFiles files :
        List.of(
            new TlsFiles(file, good.certificate(), good.key(), null),
            new TlsFiles(good.authority(), file, good.key(), null),
            new TlsFiles(good.authority(), good.certificate(), file, null),
            TestPki.withList(good, file))) {
      Files.write(file, octets == null ? new byte[0] : octets);
      try {
        assertFalse(TlsCredentials.load(files, true, Instant.now()).identity().serial().isEmpty());
      } catch (CredentialException e) {
        assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
      }
    }
  }
}
