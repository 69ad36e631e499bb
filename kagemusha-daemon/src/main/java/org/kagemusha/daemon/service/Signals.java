package org.kagemusha.daemon.service;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/**
 * Handlers for signals. The JDK offers them only in a class that the compiler warns of whatever one
 * does, hence by reflection. The JVM keeps SIGQUIT, SIGSEGV, SIGUSR2 and others for itself; SIGHUP,
 * SIGUSR1 and SIGWINCH are free, and SIGWINCH does no harm to a process without a handler.
 */
final class Signals {

  private Signals() {}

  /**
   * From now on does something when a signal comes, on a thread of its own.
   *
   * @param name without "SIG"
   * @throws IllegalStateException if the JVM does not let us have the signal
   */
  static void on(String name, Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              handler.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, arguments) -> {
                if (method.getName().equals("handle")) {
                  action.run();
                  return null;
                }
                return method.getName().equals("equals")
                    ? (Object) (self == arguments[0])
                    : method.getName().equals("hashCode") ? (Object) 0 : "handler";
              });
      Object instance = signal.getConstructor(String.class).newInstance(name);
      signal.getMethod("handle", signal, handler).invoke(null, instance, proxy);
    } catch (InvocationTargetException e) {
      throw new IllegalStateException("SIG" + name + " cannot be had", e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("SIG" + name + " cannot be had", e);
    }
  }
}
