-- Which sources sent SYN and nothing else, as floods and scans do?
SELECT ip_text(srcAddress) AS src, uniqExact(dstAddress) AS destinations, packets_est(packets) AS packetsEst, packets_hi(packets, packetsVariance) AS packetsHigh
FROM flows
WHERE windowStart >= {from:DateTime('UTC')} AND windowStart < {to:DateTime('UTC')} AND protocol = 6 AND tcpFlags = 2
GROUP BY srcAddress
ORDER BY packetsEst DESC, src
LIMIT {limit:UInt32}
