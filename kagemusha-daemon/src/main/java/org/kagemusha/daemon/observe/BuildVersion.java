package org.kagemusha.daemon.observe;

/** Which version runs. */
public final class BuildVersion {

  private BuildVersion() {}

  /** The version in the jar's manifest, or "unpackaged" outside of a jar. */
  public static String text() {
    String version = BuildVersion.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }
}
