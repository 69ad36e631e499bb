package org.kagemusha.daemon.demo;

import com.google.gson.annotations.SerializedName;
import java.util.Locale;

/**
 * What one move cost. Times are milliseconds, and count from the moment the guest's port appeared
 * on the new bridge unless they say otherwise; -1 where something did not happen.
 *
 * @param from the hypervisor left
 * @param to the hypervisor reached
 * @param survived whether the TCP session went on in both directions and nothing reset it
 * @param gapMs the longest silence of the UDP stream, the worse of both ways
 * @param lost packets of the UDP stream that never came, both ways together
 * @param duplicated packets of the UDP stream that came again, both ways together
 * @param arrivalMs the daemon noticed the guest
 * @param arrivalToBuMs from there to the first Binding Update
 * @param buToBaMs from there to the Binding Acknowledgement
 * @param firstPacketMs the first packet each way, from the move
 * @param gapEachWayMs the longest silence of the UDP stream each way
 * @param lostEachWay lost packets each way
 * @param tcpGapEachWayMs the longest silence of the TCP session each way
 * @param vm what the VMM told of the move; null where the guest is no virtual machine
 */
public record MoveReport(
    String from,
    String to,
    boolean survived,
    @SerializedName("gap_ms") double gapMs,
    int lost,
    int duplicated,
    @SerializedName("arrival_ms") double arrivalMs,
    @SerializedName("arrival_to_bu_ms") double arrivalToBuMs,
    @SerializedName("bu_to_ba_ms") double buToBaMs,
    @SerializedName("first_packet_ms") EachWay firstPacketMs,
    @SerializedName("gap_each_way_ms") EachWay gapEachWayMs,
    @SerializedName("lost_each_way") EachWay lostEachWay,
    @SerializedName("tcp_gap_each_way_ms") EachWay tcpGapEachWayMs,
    Vm vm) {

  /**
   * What a VMM told of a migration.
   *
   * @param stoppedMs from STOP at the source to RESUME at the destination
   * @param totalMs from the command to its end
   * @param octets transferred
   */
  public record Vm(
      @SerializedName("stopped_ms") double stoppedMs,
      @SerializedName("total_ms") long totalMs,
      long octets) {}

  /**
   * A figure for each direction.
   *
   * @param fromGuest from the guest to the correspondent
   * @param toGuest from the correspondent to the guest
   */
  public record EachWay(
      @SerializedName("from_guest") double fromGuest, @SerializedName("to_guest") double toGuest) {

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%8.1f %8.1f", fromGuest, toGuest);
    }
  }
}
