/** When threads run, sched(7). */
package org.kagemusha.tap.scheduling;
