/**
 * ESP (RFC 4303) on the data path: associations, their sequence numbers and replay windows, and the
 * cipher engines behind them. Read RFC 4303 §3.3 and §3.4 first, then RFC 4106 for AES-GCM.
 */
package org.kagemusha.core.ipsec;
