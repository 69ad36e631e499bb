package org.kagemusha.daemon.config;

/** Names of network interfaces: up to 15 characters, no slash, colon or space. */
final class InterfaceNames {

  private static final int LONGEST = 15;

  private InterfaceNames() {}

  static String read(Section section, String key, String fallback) {
    return section.parsed(
        key, fallback, "an interface name of 1 to 15 letters, digits, '.', '_' or '-'",
        InterfaceNames::check);
  }

  private static String check(String name) {
    if (!name.matches("[A-Za-z0-9._-]{1," + LONGEST + "}") || name.matches("\\.+")) {
      throw new IllegalArgumentException("not an interface name");
    }
    return name;
  }

  /** A name made of a prefix and as much of another name as fits. */
  static String derive(String prefix, String name) {
    String made = prefix + name.replaceAll("[^A-Za-z0-9._-]", "-");
    return made.substring(0, Math.min(LONGEST, made.length()));
  }
}
