package org.kagemusha.daemon.config;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** File errors in words. */
public final class FileErrors {

  private FileErrors() {}

  /** What went wrong, with the path where there is one. */
  public static String describe(IOException error) {
    return error instanceof FileSystemException system && system.getFile() != null
        ? system.getFile() + ": " + reason(error)
        : reason(error);
  }

  /** What went wrong, without the path. */
  public static String reason(IOException error) {
    if (error instanceof NoSuchFileException) {
      return "no such file or directory";
    }
    if (error instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (error instanceof FileSystemException system && system.getReason() != null) {
      return system.getReason();
    }
    return error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage();
  }
}
