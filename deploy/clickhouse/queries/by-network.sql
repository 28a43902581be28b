-- Between which of our own networks did most pass? Empty is none of them.
SELECT srcNetwork, dstNetwork, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
GROUP BY srcNetwork, dstNetwork
ORDER BY bytesEst DESC, srcNetwork, dstNetwork
LIMIT {limit:UInt32}
