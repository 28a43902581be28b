-- Which services carried most?
SELECT protocol_name(protocol) AS protocolName, servicePort AS port, service_name(protocol, servicePort) AS service, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh,
    uniq(dstAddress) AS destinations
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
WHERE protocol NOT IN (0, 1, 58)
GROUP BY protocol, servicePort
ORDER BY bytesEst DESC, port
LIMIT {limit:UInt32}
