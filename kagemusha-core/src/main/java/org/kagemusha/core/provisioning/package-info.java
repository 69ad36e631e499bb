/**
 * How a mobile node gets fresh keys: the Home Agent Controller of RFC 6618 and its messages, who
 * may have which keys, and when they begin and end. Read RFC 6618 §4.3 and §5 first. TLS itself is
 * the edge's.
 *
 * <p>The messages are those of RFC 6618: the container of §5.1, the TypeValue headers of §5.2 and
 * the two exchanges of §5.8 (MHAuth-Init, MHAuth-Done). What differs, and why:
 *
 * <table>
 *   <caption>Departures from RFC 6618</caption>
 *   <thead>
 *     <tr><th>Section</th><th>RFC 6618</th><th>Here</th><th>Because</th></tr>
 *   </thead>
 *   <tbody>
 *     <tr><td>§5.5.2</td><td>{@code auth-method: psk} or {@code eap}</td>
 *       <td>{@code auth-method: tls}: the client certificate of TLS 1.3</td>
 *       <td>hosts have certificates already; no shared secret is kept</td></tr>
 *     <tr><td>§5.5.5, §5.8</td><td>{@code auth} ends each message, bound to the TLS channel</td>
 *       <td>not written; not read</td>
 *       <td>TLS authenticates both ends, and no session is resumed</td></tr>
 *     <tr><td>§5.5.1</td><td>a Network Access Identifier, UTF-8 in it</td>
 *       <td>1 to 253 visible ASCII characters</td>
 *       <td>it stands in the audit log</td></tr>
 *     <tr><td>§5.5.7</td><td>{@code end-of-message = 2CRLF}</td>
 *       <td>two are written behind the last header's own; one is enough when reading</td>
 *       <td>the grammar can be read either way</td></tr>
 *     <tr><td>§5.2</td><td>RFC 2616 §2.1: a header may go on in the next line</td>
 *       <td>refused, as are control characters</td>
 *       <td>RFC 7230 §3.2.4 has withdrawn it</td></tr>
 *     <tr><td>§5.1</td><td>up to 65535 octets of content</td>
 *       <td>up to 16384 octets, 64 headers, 1024 octets in a line, 32 home addresses</td>
 *       <td>memory for each connection is bounded</td></tr>
 *     <tr><td>§5.3</td><td>Identifiers increase monotonically, up to 255 exchanges</td>
 *       <td>1, then 2; anything else is status 400</td>
 *       <td>there are two exchanges</td></tr>
 *     <tr><td>§5.2</td><td>repeated headers are not mentioned</td>
 *       <td>{@code mip6-ip6-hoa} stands once for each home address, each of the others once; a
 *       second one is an error; headers that are not known are skipped</td>
 *       <td>two readers must not understand two things</td></tr>
 *     <tr><td>§5.6.1</td><td>an SPI of 1 to 268435455</td><td>256 to 268435455</td>
 *       <td>RFC 4303 §2.1 reserves those below</td></tr>
 *     <tr><td>§5.6.2</td><td>{@code ekey} and {@code ikey} in each direction</td>
 *       <td>{@code mip6-mn-to-ha-ekey} and {@code mip6-ha-to-mn-ekey} alone, the salt of four
 *       octets at their end</td>
 *       <td>combined-mode algorithms: RFC 4106 §8.1, RFC 7634 §2</td></tr>
 *     <tr><td>§5.6.3</td><td>{@code mip6-sa-validity-end} is a date of one's own clock</td>
 *       <td>{@code date} stands beside it, and beside {@code retry-after} (§5.5.6): the difference
 *       counts, at the mobile node up to seven days</td>
 *       <td>clocks need not agree</td></tr>
 *     <tr><td>§5.6</td><td>no limit but time</td>
 *       <td>{@code mip6-sa-packets} and {@code mip6-sa-octets}: what may be sealed under one
 *       key</td>
 *       <td>limits of the algorithms, known at both ends</td></tr>
 *     <tr><td>§5.6</td><td>sequence numbers are not mentioned</td>
 *       <td>extended ones (RFC 4303 §2.2.1) from 1, always</td>
 *       <td>no association ends because 32 bits are used up</td></tr>
 *     <tr><td>§5.6.5</td><td>numbers of TLS 1.2, CBC and NULL</td>
 *       <td>{@code {13,01}}, {@code {13,02}}, {@code {13,03}} of TLS 1.3 for AES-GCM-128,
 *       AES-GCM-256, ChaCha20-Poly1305; others are skipped in a list</td>
 *       <td>RFC 8221 §5</td></tr>
 *     <tr><td>§5.6, §5.7.3</td><td>{@code mip6-ip6-hoa} in the last response only</td>
 *       <td>in the last request as well, with {@code mip6-coa} if there is a care-of address</td>
 *       <td>the controller authorises both</td></tr>
 *     <tr><td>§5.7</td><td>{@code ip6-addr} has eight words</td>
 *       <td>written so; any text of RFC 4291 §2.2 is read; a prefix length may have three
 *       digits</td>
 *       <td>liberal where nothing is lost</td></tr>
 *     <tr><td>§5.7.2</td><td>{@code mip6-port}: the port of §6's packets, mipv6tls if absent</td>
 *       <td>the port of ESP in UDP (RFC 3948); none if absent or 0</td>
 *       <td>§6's own encapsulation is not used</td></tr>
 *     <tr><td>§5.7</td><td>IPv4 addresses, DNS servers</td><td>not written; skipped</td>
 *       <td>IPv6 alone</td></tr>
 *   </tbody>
 * </table>
 */
package org.kagemusha.core.provisioning;
