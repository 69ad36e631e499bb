package org.kagemusha.daemon.lab;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** OpenVPN in user space, from point to point. */
final class OpenVpnSubject extends PeerSubject {

  private String guestPrint;
  private String farPrint;

  OpenVpnSubject(LabNetwork network) {
    super(network, SubjectKind.OPENVPN);
  }

  @Override
  Tool startEnd(boolean guests, String namespace, String device, String local, String remote)
      throws IOException {
    if (guestPrint == null) {
      guestPrint = issue("guest");
      farPrint = issue("far");
    }
    String end = guests ? "guest" : "far";
    Tool tool =
        tool(
            namespace, "openvpn", "--dev", device, "--dev-type", "tun", "--proto", "udp6",
            "--local", local, "--remote", remote, "--port", "1194",
            guests ? "--tls-client" : "--tls-server", "--dh", "none",
            "--cert", file(end, "pem").toString(), "--key", file(end, "key").toString(),
            "--peer-fingerprint", guests ? farPrint : guestPrint,
            "--data-ciphers", "AES-256-GCM", "--tun-mtu", Integer.toString(innerMtu()),
            "--mssfix", "0", "--disable-dco", "--verb", "2");
    awaitDevice(tool, namespace, device);
    return tool;
  }

  private Path file(String end, String kind) {
    return network.directory().resolve(device(true) + "-" + end + "." + kind);
  }

  /** Makes a self-signed certificate; its SHA-256 fingerprint. */
  private String issue(String end) throws IOException {
    Tool.run(
        network.directory(), null, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=" + end, "-keyout",
        file(end, "key").toString(), "-out", file(end, "pem").toString());
    String text =
        Tool.run(
            network.directory(), null, "openssl", "x509", "-noout", "-fingerprint", "-sha256",
            "-in", file(end, "pem").toString());
    return List.of(text.strip().split("=")).get(1);
  }
}
