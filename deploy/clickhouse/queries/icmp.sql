-- Which ICMP messages were there, and who sent most of each?
SELECT protocol_name(protocol) AS protocolName, service_name(protocol, dstPort) AS message, packets_est(packets) AS packetsEst,
    packets_hi(packets, packetsVariance) AS packetsHigh, ip_text(argMax(srcAddress, packets)) AS mostFrom
FROM flows
WHERE windowStart >= {from:DateTime('UTC')} AND windowStart < {to:DateTime('UTC')} AND protocol IN (1, 58)
GROUP BY protocol, dstPort
ORDER BY packetsEst DESC, message
LIMIT {limit:UInt32}
