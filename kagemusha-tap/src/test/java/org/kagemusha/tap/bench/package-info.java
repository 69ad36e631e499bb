/** Micro-benchmarks of what stands between this project and the kernel. */
package org.kagemusha.tap.bench;
