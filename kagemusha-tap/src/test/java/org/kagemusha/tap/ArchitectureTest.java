package org.kagemusha.tap;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Dependencies between the packages point one way. */
class ArchitectureTest {

  @Test
  void packagesDependOneWay() {
    JavaClasses classes =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("org.kagemusha.tap");
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("libc").definedBy("org.kagemusha.tap.libc")
        .layer("netlink").definedBy("org.kagemusha.tap.netlink")
        .layer("port").definedBy("org.kagemusha.tap.port")
        .layer("tap").definedBy("org.kagemusha.tap.tap")
        .layer("vmsocket").definedBy("org.kagemusha.tap.vmsocket")
        .layer("rawsocket").definedBy("org.kagemusha.tap.rawsocket")
        .layer("careof").definedBy("org.kagemusha.tap.careof")
        .layer("nft").definedBy("org.kagemusha.tap.nft")
        .layer("ipsecmb").definedBy("org.kagemusha.tap.ipsecmb")
        .layer("team").definedBy("org.kagemusha.tap.team")
        .layer("scheduling").definedBy("org.kagemusha.tap.scheduling")
        .whereLayer("netlink").mayOnlyBeAccessedByLayers("tap", "careof", "nft")
        .whereLayer("port").mayOnlyBeAccessedByLayers("tap", "vmsocket")
        .whereLayer("tap").mayNotBeAccessedByAnyLayer()
        .whereLayer("vmsocket").mayNotBeAccessedByAnyLayer()
        .whereLayer("rawsocket").mayNotBeAccessedByAnyLayer()
        .whereLayer("careof").mayNotBeAccessedByAnyLayer()
        .whereLayer("nft").mayNotBeAccessedByAnyLayer()
        .whereLayer("ipsecmb").mayNotBeAccessedByAnyLayer()
        .whereLayer("team").mayNotBeAccessedByAnyLayer()
        .whereLayer("scheduling").mayNotBeAccessedByAnyLayer()
        .whereLayer("libc").mayNotAccessAnyLayer()
        .check(classes);
  }
}
