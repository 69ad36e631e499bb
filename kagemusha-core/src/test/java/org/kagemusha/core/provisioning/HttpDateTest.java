package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpDateTest {

  @Test
  void rfc2616_s3_3_1_theExampleIsWrittenAndRead() {
    assertEquals("Sun, 06 Nov 1994 08:49:37 GMT", HttpDate.format(784_111_777));
    assertEquals(
        OptionalLong.of(784_111_777), HttpDate.parse("Sun, 06 Nov 1994 08:49:37 GMT"));
  }

  @Test
  void theFirstAndTheLastDate() {
    assertEquals("Thu, 01 Jan 1970 00:00:00 GMT", HttpDate.format(Long.MIN_VALUE));
    assertEquals("Fri, 31 Dec 9999 23:59:59 GMT", HttpDate.format(Long.MAX_VALUE));
    assertEquals(
        OptionalLong.of(HttpDate.LATEST), HttpDate.parse("Fri, 31 Dec 9999 23:59:59 GMT"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:49:60 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov +1994 08:49:37 GMT",
        "Thu, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 10000 08:49:37 GMT"
      })
  void rfc2616_s3_3_1_noOtherFormIsTaken(String text) {
    assertEquals(OptionalLong.empty(), HttpDate.parse(text));
  }
}
