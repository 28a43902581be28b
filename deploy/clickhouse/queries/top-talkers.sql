-- Which pairs of addresses exchanged most, and how sure is that?
SELECT ip_text(srcAddress) AS src, ip_text(dstAddress) AS dst, protocol_name(protocol) AS protocolName,
    service_name(protocol, servicePort) AS service, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh, sum(samples) AS n
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
GROUP BY srcAddress, dstAddress, protocol, servicePort
ORDER BY bytesEst DESC, src, dst
LIMIT {limit:UInt32}
