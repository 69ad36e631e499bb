package org.kagemusha.core.ipsec.engine;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Looks for a key in every array that a cipher refers to, those of the JDK and Bouncy Castle
 * included, before and after the cipher is destroyed. A program of its own, since the JDK must be
 * told to let it look.
 */
final class ErasureWitness {

  private static final int KEY_OCTETS = 32;
  private static final byte OCTET = 0x5a;
  private static final int WORD = 0x5a5a5a5a;

  private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Map<String, Object> arrays = new LinkedHashMap<>();

  private ErasureWitness() {}

  /** Prints a line for each cipher: how often it held the key, and where it still does. */
  public static void main(String[] arguments) throws ReflectiveOperationException {
    byte[] keyAndSalt = new byte[KEY_OCTETS + 4];
    Arrays.fill(keyAndSalt, OCTET);
    byte[] key = Arrays.copyOf(keyAndSalt, KEY_OCTETS);
    for (CipherEngine engine :
        List.of(new JdkCipherEngine(), new BouncyCastleCipherEngine())) {
      for (EspTransform transform : EspTransform.values()) {
        boolean encrypts = transform.ivOctets() > 0;
        if (engine.supports(transform)) {
          byte[] encryption =
              transform.combinedMode() ? keyAndSalt : encrypts ? key : new byte[0];
          byte[] integrity = new byte[transform.combinedMode() ? 0 : KEY_OCTETS];
          PacketBuffer packet = PacketBuffer.copyOf(new byte[transform.framing() + 64]);
          EspCipher sealing =
              engine.sealing(
                  transform, encryption, integrity, true, InitialisationVectors.random());
          sealing.seal(packet, 1);
          report(engine.name() + " seals " + transform, sealing, encrypts);
          EspCipher opening = engine.opening(transform, encryption, integrity, true);
          if (!opening.open(packet, 1)) {
            throw new IllegalStateException("does not open");
          }
          report(engine.name() + " opens " + transform, opening, encrypts);
        }
      }
    }
  }

  private static void report(String name, EspCipher cipher, boolean encrypts)
      throws ReflectiveOperationException {
    ErasureWitness witness = new ErasureWitness();
    witness.walk(cipher, "");
    int before = witness.secrets().size();
    cipher.destroy();
    System.out.println(
        (encrypts == before > 0 ? name : "NOT FOUND " + name) + " left " + witness.secrets());
  }

  private List<String> secrets() {
    List<String> places = new ArrayList<>();
    arrays.forEach(
        (place, array) -> {
          if (holdsKey(array)) {
            places.add(place);
          }
        });
    return places;
  }

  /** Whether half of a key is there in one piece; a salt is shorter. */
  private static boolean holdsKey(Object array) {
    int run = 0;
    for (int i = 0; i < Array.getLength(array); i++) {
      if (array instanceof byte[] octets) {
        run = octets[i] == OCTET ? run + 1 : 0;
      } else {
        run = ((int[]) array)[i] == WORD ? run + Integer.BYTES : 0;
      }
      if (run >= KEY_OCTETS / 2) {
        return true;
      }
    }
    return false;
  }

  private void walk(Object from, String place) throws ReflectiveOperationException {
    if (from == null || !seen.add(from)) {
      return;
    }
    if (from instanceof byte[] || from instanceof int[]) {
      arrays.put(place, from);
    } else if (from instanceof Object[] several) {
      for (Object each : several) {
        walk(each, place + "[]");
      }
    } else if (from.getClass().getName().matches("(com.sun.crypto|javax.crypto|org)\\..*")
        && !(from instanceof Enum)) {
      for (Class<?> type = from.getClass(); type != Object.class; type = type.getSuperclass()) {
        walkFields(from, type, place);
      }
    }
  }

  private void walkFields(Object from, Class<?> type, String place)
      throws ReflectiveOperationException {
    for (Field field : type.getDeclaredFields()) {
      if (!Modifier.isStatic(field.getModifiers()) && !field.getType().isPrimitive()
          && !field.getType().getName().startsWith("java.")) {
        field.setAccessible(true);
        walk(field.get(from), place + "." + field.getName());
      }
    }
  }
}
