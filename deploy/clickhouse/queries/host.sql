-- What did one address do, and with whom?
-- param address = 192.0.2.1: IPv4 or IPv6
SELECT if(srcAddress = toIPv6({address:String}), 'to', 'from') AS way, ip_text(if(srcAddress = toIPv6({address:String}), dstAddress, srcAddress)) AS peer,
    protocol_name(protocol) AS protocolName, service_name(protocol, servicePort) AS service, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
WHERE srcAddress = toIPv6({address:String}) OR dstAddress = toIPv6({address:String})
GROUP BY srcAddress, dstAddress, protocol, servicePort
ORDER BY bytesEst DESC, way, peer
LIMIT {limit:UInt32}
