-- Both directions of a conversation in one row, as one interface saw them: the lower end (address, then port) first. ICMP has no ports,
-- and asks with another type than it answers with, so that it is one conversation for each pair of addresses.
CREATE OR REPLACE VIEW flows_bidirectional AS
SELECT agent, ifIndex, ifName, vlanId, etherType, protocol, lowAddress, lowPort, highAddress, highPort,
    tunnelKind, tunnelId, lowOuterAddress, highOuterAddress,
    max(communityId) AS communityId,
    sumIf(f.samples, forward) AS samplesForward, sumIf(f.samples, NOT forward) AS samplesBack,
    sumIf(f.packets, forward) AS packetsForward, sumIf(f.packets, NOT forward) AS packetsBack,
    sumIf(f.bytes, forward) AS bytesForward, sumIf(f.bytes, NOT forward) AS bytesBack,
    sumIf(f.ipBytes, forward) AS ipBytesForward, sumIf(f.ipBytes, NOT forward) AS ipBytesBack,
    sumIf(f.packetsVariance, forward) AS packetsVarianceForward, sumIf(f.packetsVariance, NOT forward) AS packetsVarianceBack,
    sumIf(f.bytesVariance, forward) AS bytesVarianceForward, sumIf(f.bytesVariance, NOT forward) AS bytesVarianceBack,
    groupBitOrIf(f.tcpFlags, forward) AS tcpFlagsForward, groupBitOrIf(f.tcpFlags, NOT forward) AS tcpFlagsBack,
    min(f.firstNs) AS firstSeen, max(f.lastNs) AS lastSeen
FROM
(
    SELECT *,
        if(flows.protocol IN (1, 58), 0, flows.srcPort) AS fromPort, if(flows.protocol IN (1, 58), 0, flows.dstPort) AS toPort,
        (flows.srcAddress, fromPort) <= (flows.dstAddress, toPort) AS forward,
        if(forward, flows.srcAddress, flows.dstAddress) AS lowAddress, if(forward, fromPort, toPort) AS lowPort,
        if(forward, flows.dstAddress, flows.srcAddress) AS highAddress, if(forward, toPort, fromPort) AS highPort,
        if(forward, flows.outerSrcAddress, flows.outerDstAddress) AS lowOuterAddress,
        if(forward, flows.outerDstAddress, flows.outerSrcAddress) AS highOuterAddress
    FROM flows
    WHERE windowStart >= {from:DateTime('UTC')} AND windowStart < {to:DateTime('UTC')}
) AS f
GROUP BY agent, ifIndex, ifName, vlanId, etherType, protocol, lowAddress, lowPort, highAddress, highPort,
    tunnelKind, tunnelId, lowOuterAddress, highOuterAddress
COMMENT 'flows_bidirectional(from, to): conversations as each interface saw them, the lower end first; Forward is from low to high, Back the other way';
