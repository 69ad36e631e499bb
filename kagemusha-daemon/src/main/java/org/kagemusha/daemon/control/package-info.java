/**
 * The control socket: a client sends one line, {@code VERB ARGUMENT...}, and reads the answer until
 * the daemon closes. The answer's first line is {@code ok}, or {@code error: REASON}; what was
 * asked for follows {@code ok}. So a shell script can speak it, and no answer needs a length.
 *
 * <table>
 *   <caption>Requests</caption>
 *   <tr><td>{@code status [json]}</td><td>state, care-of address, bindings, last handover</td></tr>
 *   <tr><td>{@code show binding|neighbours|sa|counters [json]}</td><td>tables</td></tr>
 *   <tr><td>{@code arrived}</td><td>the VM is here: register (beside a VM)</td></tr>
 *   <tr><td>{@code left}</td><td>the VM is gone: send nothing more (beside a VM)</td></tr>
 *   <tr><td>{@code home}</td><td>this host is on the home link (beside a VM)</td></tr>
 *   <tr><td>{@code release}</td><td>the VM is shut down: deregister (beside a VM)</td></tr>
 *   <tr><td>{@code reload}</td><td>read the configuration again</td></tr>
 *   <tr><td>{@code capture SECONDS}</td><td>{@code ok}, then a pcapng file of both sides</td></tr>
 *   <tr><td>{@code version}</td><td>the daemon's version</td></tr>
 *   <tr><td>{@code help}</td><td>the verbs of this daemon</td></tr>
 * </table>
 *
 * <p>A request has at most 512 octets and must come within 5 s; 32 clients are served at a time.
 */
package org.kagemusha.daemon.control;
