-- Which source tried many ports of one destination?
-- param ports = 20: so many make a scan
SELECT ip_text(srcAddress) AS src, ip_text(dstAddress) AS dst, uniqExact(dstPort) AS ports, packets_est(packets) AS packetsEst
FROM flows
WHERE windowStart >= {from:DateTime('UTC')} AND windowStart < {to:DateTime('UTC')} AND protocol IN (6, 17)
GROUP BY srcAddress, dstAddress
HAVING ports >= {ports:UInt32}
ORDER BY ports DESC, src, dst
LIMIT {limit:UInt32}
