/**
 * What the host's own IPv6 stack must not do with packets that are ours, told to it by nftables.
 */
package org.kagemusha.tap.nft;
