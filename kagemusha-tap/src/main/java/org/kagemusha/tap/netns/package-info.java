/** Code inside of network namespaces (ip-netns(8)) other than the process's own. */
package org.kagemusha.tap.netns;
