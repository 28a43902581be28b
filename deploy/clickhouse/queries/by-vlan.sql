-- Which VLANs carried most? 0 is untagged.
SELECT agent, vlanId, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
GROUP BY agent, vlanId
ORDER BY bytesEst DESC, vlanId
LIMIT {limit:UInt32}
