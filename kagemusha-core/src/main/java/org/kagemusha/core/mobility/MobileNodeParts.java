package org.kagemusha.core.mobility;

import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.tunnel.TunnelContext;

/** What the two halves of a {@link MobileNode}, packets and control, have in common. */
record MobileNodeParts(
    Underlay underlay,
    GuestTraffic traffic,
    ReturnHome returnHome,
    BindingUpdateSender sender,
    HomeLinkFrames frames,
    HandoverRecorder recorder,
    TunnelContext tunnels,
    KeySource keys,
    EncapsulationChoice encapsulation,
    Handover handover) {}
