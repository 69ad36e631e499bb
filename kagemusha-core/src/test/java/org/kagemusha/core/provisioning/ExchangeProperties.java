package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/** Both ends against each other: what one says, the other hears, however it is cut. */
class ExchangeProperties {

  private static Arbitrary<Ipv6Address> routable() {
    return Combinators.combine(Arbitraries.longs(), Arbitraries.longs())
        .as(Ipv6Address::new)
        .filter(Ipv6Address::isRoutableUnicast);
  }

  @Provide
  Arbitrary<ProvisioningRequest> requests() {
    return Combinators.combine(
            Arbitraries.strings().withCharRange('!', '~').ofMinLength(1).ofMaxLength(253),
            routable().list().uniqueElements().ofMinSize(1).ofMaxSize(32),
            routable().injectNull(0.3),
            Arbitraries.of(true, false),
            Arbitraries.of(Ciphersuite.class).list().uniqueElements().ofMinSize(1))
        .as(ProvisioningRequest::new);
  }

  @Property(tries = 100)
  void whatIsAskedIsDecidedAndWhatIsGrantedArrives(
      @ForAll("requests") ProvisioningRequest request,
      @ForAll @IntRange(min = Grant.SMALLEST_SPI, max = Grant.LARGEST_SPI) int spi,
      @ForAll @LongRange(min = 1, max = 604_800) long validity,
      @ForAll @LongRange(min = 1) long packets,
      @ForAll @LongRange(min = 1) long octets,
      @ForAll @IntRange(max = 0xffff) int port,
      @ForAll @LongRange(max = 200_000_000_000_000L) long wallMs,
      @ForAll boolean payload,
      @ForAll Random random) {
    MobileNodeExchange mobileNode = new MobileNodeExchange(request, random);
    ControllerExchange controller =
        new ControllerExchange(ExchangeFixture.PEER, random, () -> wallMs);
    ControllerExchange.Step.Send first =
        assertInstanceOf(
            ControllerExchange.Step.Send.class, controlled(controller, mobileNode.start(), random));
    MobileNodeExchange.Step.Send second =
        assertInstanceOf(
            MobileNodeExchange.Step.Send.class, heard(mobileNode, first.octets(), random));
    ControllerExchange.Step.Decide decide =
        assertInstanceOf(
            ControllerExchange.Step.Decide.class,
            controlled(controller, second.octets(), random));
    assertEquals(request, decide.request());
    Ciphersuite suite = request.suites().get(random.nextInt(request.suites().size()));
    Grant grant =
        new Grant(
            spi,
            suite,
            key(suite, random),
            key(suite, random),
            payload,
            request.homeAddresses().get(0),
            Ipv6Prefix.of(request.homeAddresses().get(0), random.nextInt(129)),
            request.homeAddresses(),
            validity,
            packets,
            octets,
            port);
    byte[] last = controller.answer(new ControllerDecision.Granted(grant));
    Grant arrived =
        assertInstanceOf(MobileNodeExchange.Step.Granted.class, heard(mobileNode, last, random))
            .grant();
    assertEquals(grant.toString(), arrived.toString());
    assertArrayEquals(grant.keyToHomeAgent(), arrived.keyToHomeAgent());
    assertArrayEquals(grant.keyToMobileNode(), arrived.keyToMobileNode());
  }

  @Property(tries = 100)
  void aDateIsReadAsItWasWritten(@ForAll @LongRange(max = HttpDate.LATEST) long seconds) {
    String text = HttpDate.format(seconds);
    assertEquals(29, text.length());
    assertEquals(seconds, HttpDate.parse(text).orElseThrow());
  }

  @Property(tries = 100)
  void aRefusalArrives(
      @ForAll("requests") ProvisioningRequest request,
      @ForAll @IntRange(max = Integer.MAX_VALUE) int retryAfter,
      @ForAll Random random) {
    for (StatusCode status : List.of(StatusCode.UNAUTHORIZED, StatusCode.SERVICE_UNAVAILABLE)) {
      MobileNodeExchange mobileNode = new MobileNodeExchange(request, random);
      ControllerExchange controller =
          new ControllerExchange(ExchangeFixture.PEER, random, () -> 0);
      ControllerExchange.Step.Send first =
          (ControllerExchange.Step.Send) controlled(controller, mobileNode.start(), random);
      MobileNodeExchange.Step.Send second =
          (MobileNodeExchange.Step.Send) heard(mobileNode, first.octets(), random);
      controlled(controller, second.octets(), random);
      byte[] last =
          controller.answer(new ControllerDecision.Refused(status, "reason", retryAfter));
      MobileNodeExchange.Step.Failed failed =
          assertInstanceOf(
              MobileNodeExchange.Step.Failed.class, heard(mobileNode, last, random));
      assertEquals(status, failed.status());
      assertEquals(retryAfter, failed.retryAfterSeconds());
    }
  }

  private static byte[] key(Ciphersuite suite, Random random) {
    byte[] key = new byte[suite.encryption().keyOctets()];
    random.nextBytes(key);
    return key;
  }

  private static ControllerExchange.Step controlled(
      ControllerExchange exchange, byte[] message, Random random) {
    int cut = random.nextInt(message.length);
    assertInstanceOf(
        ControllerExchange.Step.More.class,
        exchange.onOctets(ByteBuffer.wrap(message, 0, cut)));
    return exchange.onOctets(ByteBuffer.wrap(message, cut, message.length - cut));
  }

  private static MobileNodeExchange.Step heard(
      MobileNodeExchange exchange, byte[] message, Random random) {
    int cut = random.nextInt(message.length);
    assertInstanceOf(
        MobileNodeExchange.Step.More.class,
        exchange.onOctets(ByteBuffer.wrap(message, 0, cut)));
    return exchange.onOctets(ByteBuffer.wrap(message, cut, message.length - cut));
  }
}
