/** What the guest's link is for those who use it, whether a tap or a socket of its VMM. */
package org.kagemusha.tap.port;
