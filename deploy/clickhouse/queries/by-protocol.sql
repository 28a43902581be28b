-- How is traffic divided among IP protocols?
SELECT protocol_name(protocol) AS protocolName, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh, packets_est(packets) AS packetsEst, rel_error(bytes, bytesVariance) AS relError
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
GROUP BY protocol
ORDER BY bytesEst DESC, protocolName
