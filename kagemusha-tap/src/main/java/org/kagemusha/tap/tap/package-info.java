/**
 * The home side: a tap device, over which frames go to and from the guest's bridge or the home
 * link.
 */
package org.kagemusha.tap.tap;
