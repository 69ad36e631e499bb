package org.kagemusha.daemon;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Dependencies between the daemon's packages point one way. */
class ArchitectureTest {

  private static final String ROOT = "org.kagemusha.daemon.";

  @Test
  void dependenciesPointOneWay() {
    JavaClasses classes =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("org.kagemusha.daemon");
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("config").definedBy(ROOT + "config..")
        .layer("loop").definedBy(ROOT + "loop..")
        .layer("control").definedBy(ROOT + "control..")
        .layer("observe").definedBy(ROOT + "observe..")
        .layer("tls").definedBy(ROOT + "tls..")
        .layer("provision").definedBy(ROOT + "provision..")
        .layer("service").definedBy(ROOT + "service..")
        .layer("cli").definedBy(ROOT + "cli..")
        .layer("demo").definedBy(ROOT + "demo..")
        .whereLayer("cli").mayNotBeAccessedByAnyLayer()
        .whereLayer("demo").mayNotBeAccessedByAnyLayer()
        .whereLayer("service").mayOnlyBeAccessedByLayers("cli")
        .whereLayer("provision").mayOnlyBeAccessedByLayers("service")
        .whereLayer("tls").mayOnlyBeAccessedByLayers("provision", "service", "cli", "demo")
        .whereLayer("observe").mayOnlyBeAccessedByLayers("service", "cli")
        .whereLayer("loop").mayOnlyBeAccessedByLayers("service")
        .whereLayer("control").mayOnlyBeAccessedByLayers("observe", "service", "cli", "demo")
        .check(classes);
  }
}
