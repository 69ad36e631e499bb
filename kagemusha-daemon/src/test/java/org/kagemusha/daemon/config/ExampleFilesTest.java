package org.kagemusha.daemon.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The files in {@code etc/} are right, and the defaults that their comments tell are the defaults.
 */
class ExampleFilesTest {

  private static final Path ETC = Path.of("..", "etc", "kagemusha");

  @TempDir Path directory;

  private String example(String name) throws Exception {
    return Files.readString(ETC.resolve(name));
  }

  /** Takes the comment sign off lines of the form {@code #key = value}. */
  private static String withDefaults(String text) {
    return text.replaceAll("(?m)^#([a-z-]+ = (?!.*2001:db8|.*keys|.*cacrl|.*vm1\\.net|.*libvirt-qemu|.*dns:|.*CN=).*)$", "$1")
        .replaceAll(
            "(?m)^(router|router-mac|mac|listen|interface|qmp-socket) = "
                + ".*(fe80|02:00|:00:01|127|eth0|/run/vm1).*$",
            "");
  }

  /** Takes fresh keys away, and the comment sign off static ones, as the file says. */
  private static String withStaticKeys(String text) {
    return text.replaceAll("(?m)^(\\[(provisioning|controller)]|hosts = .*)$", "")
        .replaceAll("(?m)^# (\\[\\[.*]]|#*[a-z-]+ = .*)$", "$1");
  }

  @Test
  void theVmsFileTellsTheDefaults() throws Exception {
    ConfigTexts.write(directory, "vm1.keys", ConfigTexts.keys());
    ConfigFile reader = new ConfigFile((Path) null);
    VmConfig plain = reader.readVm(ConfigTexts.write(directory, "vm1.toml", example("vm1.toml")));
    VmConfig spelled =
        reader.readVm(
            ConfigTexts.write(directory, "vm1.toml", withDefaults(example("vm1.toml"))));
    assertEquals(plain, spelled);
  }

  @Test
  void theHomeAgentsFileTellsTheDefaults() throws Exception {
    ConfigTexts.write(directory, "vm1-home-agent.keys", ConfigTexts.keys());
    ConfigFile reader = new ConfigFile((Path) null);
    String text = example("home-agent.toml");
    HomeAgentConfig plain =
        reader.readHomeAgent(ConfigTexts.write(directory, "home-agent.toml", text));
    HomeAgentConfig spelled =
        reader.readHomeAgent(
            ConfigTexts.write(directory, "home-agent.toml", withDefaults(text)));
    assertEquals(plain, spelled);
  }

  @Test
  void theFilesTellStaticKeysToo() throws Exception {
    ConfigTexts.write(directory, "vm1.keys", ConfigTexts.keys());
    ConfigTexts.write(directory, "vm1-home-agent.keys", ConfigTexts.keys());
    ConfigFile reader = new ConfigFile((Path) null);
    for (UnaryOperator<String> spelling :
        List.<UnaryOperator<String>>of(text -> text, text -> staticDefaults(text))) {
      VmConfig vm =
          reader.readVm(
              ConfigTexts.write(
                  directory, "vm1.toml", spelling.apply(withStaticKeys(example("vm1.toml")))));
      HomeAgentConfig agent =
          reader.readHomeAgent(
              ConfigTexts.write(
                  directory, "home-agent.toml",
                  spelling.apply(withStaticKeys(example("home-agent.toml")))));
      assertNull(vm.provisioning());
      assertNull(agent.controller());
      AssociationConfig ours = vm.associations().get(0);
      AssociationConfig theirs = agent.mobileNodes().get(0).associations().get(0);
      assertEquals(ours.spiOut(), theirs.spiIn());
      assertEquals(ours.spiIn(), theirs.spiOut());
      assertEquals(ours.encryption(), theirs.encryption());
      assertEquals(256, ours.replayWindow());
    }
  }

  /** Only what belongs to an association. */
  private static String staticDefaults(String text) {
    return text.replaceAll(
        "(?m)^#(encryption|integrity|extended-sequence-numbers|replay-window) =", "$1 =");
  }
}
