-- Whose packets were dropped? Estimated from those that were chosen.
SELECT agent, reason, ip_text(srcAddress) AS src, ip_text(dstAddress) AS dst, protocol_name(protocol) AS protocolName, dstPort AS port,
    sum(samplingRate * segments) AS packetsEst, count() AS n
FROM drop_samples
WHERE time >= {from:DateTime('UTC')} AND time < {to:DateTime('UTC')}
GROUP BY agent, reason, srcAddress, dstAddress, protocol, dstPort
ORDER BY packetsEst DESC, agent, reason, src, dst, port
LIMIT {limit:UInt32}
