-- Which source tried one port of many destinations?
-- param destinations = 30: so many make a scan
SELECT ip_text(srcAddress) AS src, protocol_name(protocol) AS protocolName, dstPort AS port, uniqExact(dstAddress) AS destinations,
    packets_est(packets) AS packetsEst
FROM flows
WHERE windowStart >= {from:DateTime('UTC')} AND windowStart < {to:DateTime('UTC')} AND protocol IN (6, 17)
GROUP BY srcAddress, protocol, dstPort
HAVING destinations >= {destinations:UInt32}
ORDER BY destinations DESC, src, port
LIMIT {limit:UInt32}
