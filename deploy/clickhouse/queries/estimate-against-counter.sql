-- Do the estimates agree with what the interfaces counted, between their first and last reading? z within 2 in 95 of 100 cases.
SELECT counters.agent AS agent, counters.ifIndex AS ifIndex, counters.direction AS direction, any(counted) AS packetsCounted,
    sum(packets) AS packetsEst, (packetsEst - packetsCounted) / packetsCounted AS difference,
    (packetsEst - packetsCounted) / sqrt(sum(variance)) AS z
FROM
(
    SELECT agent, ifIndex, way.1 AS direction, sum(way.2) AS counted,
        toStartOfMinute(toDateTime(min(since), 'UTC')) AS beginning, toStartOfMinute(toDateTime(max(time), 'UTC')) AS ending
    FROM interface_rates(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
    ARRAY JOIN [('ingress', inPacketCount), ('egress', outPacketCount)] AS way
    GROUP BY agent, ifIndex, direction
    HAVING counted > 0
) AS counters
INNER JOIN
(
    SELECT agent, ifIndex, toString(flows_auto.direction) AS direction, time, sum(flows_auto.packets) AS packets,
        sum(flows_auto.packetsVariance) AS variance
    FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')}) AS flows_auto
    GROUP BY agent, ifIndex, direction, time
) AS estimates ON counters.agent = estimates.agent AND counters.ifIndex = estimates.ifIndex AND counters.direction = estimates.direction
WHERE estimates.time >= counters.beginning AND estimates.time < counters.ending
GROUP BY agent, ifIndex, direction
ORDER BY agent, ifIndex, direction
