package org.kagemusha.core;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Holds the shape of the protocol code: imports point one way, and nothing touches the world. */
class ArchitectureTest {

  private static final String CORE = "org.kagemusha.core.";

  /** Each layer may use the ones above it in this list, and its own. */
  private static final List<List<String>> LAYERS =
      List.of(
          List.of("wire"),
          List.of("node"),
          List.of("offload"),
          List.of("message", "ipsec", "dhcp"),
          List.of("signalling", "tunnel", "neighbor", "provisioning", "handover"),
          List.of("mobility", "homeagent"));

  private static JavaClasses classes;

  @BeforeAll
  static void readClasses() {
    classes =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("org.kagemusha.core");
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("org.kagemusha.core.(**)").should().beFreeOfCycles().check(classes);
  }

  @Test
  void importsPointOneWay() {
    for (int layer = 0; layer < LAYERS.size(); layer++) {
      for (String self : LAYERS.get(layer)) {
        String[] forbidden =
            LAYERS.subList(layer, LAYERS.size()).stream()
                .flatMap(List::stream)
                .filter(other -> !other.equals(self))
                .map(other -> CORE + other + "..")
                .toArray(String[]::new);
        if (forbidden.length > 0) {
          noClasses()
              .that()
              .resideInAPackage(CORE + self + "..")
              .should()
              .dependOnClassesThat()
              .resideInAnyPackage(forbidden)
              .check(classes);
        }
      }
    }
  }

  @Test
  void protocolCodeOpensNoSocketReadsNoClockAndStartsNoThread() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.nio.channels..", "io.netty..", "com.sun.jna..")
        .check(classes);
    noClasses().should().dependOnClassesThat().belongToAnyOf(java.time.Clock.class).check(classes);
    noClasses()
        .should()
        .callMethodWhere(
            target(owner(resideInAPackage("java.time.."))).and(target(nameMatching("now"))))
        .check(classes);
    noClasses().should().callMethod(System.class, "nanoTime").check(classes);
    noClasses().should().callMethod(System.class, "currentTimeMillis").check(classes);
    noClasses().should().dependOnClassesThat().areAssignableTo(Thread.class).check(classes);
  }

  @Test
  void thePacketsWayIsFreeOfTheControlPlanesLibrary() {
    noClasses()
        .that()
        .resideInAnyPackage(CORE + "wire..", CORE + "offload..", CORE + "ipsec..", CORE + "tunnel..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.pcap4j..")
        .check(classes);
  }
}
