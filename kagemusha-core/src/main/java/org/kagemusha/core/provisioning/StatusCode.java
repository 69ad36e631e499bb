package org.kagemusha.core.provisioning;

import java.util.Optional;

/** The Status Codes of RFC 6618 §5.5.4. */
public enum StatusCode {
  /** 200: granted. */
  OK(200),
  /** 400: the request cannot be understood. */
  BAD_REQUEST(400),
  /** 401: the certificate may not speak for a home address, or not from there. */
  UNAUTHORIZED(401),
  /** 500: the controller failed. */
  INTERNAL_SERVER_ERROR(500),
  /** 501: no authentication method or ciphersuite in common. */
  NOT_IMPLEMENTED(501),
  /** 503: not now; a Retry After header may say when. */
  SERVICE_UNAVAILABLE(503),
  /** 504: what the controller depends on does not answer. */
  GATEWAY_TIMEOUT(504);

  private final int code;

  StatusCode(int code) {
    this.code = code;
  }

  /** The code with a number. */
  public static Optional<StatusCode> of(int code) {
    for (StatusCode status : values()) {
      if (status.code == code) {
        return Optional.of(status);
      }
    }
    return Optional.empty();
  }

  /** The number. */
  public int code() {
    return code;
  }
}
