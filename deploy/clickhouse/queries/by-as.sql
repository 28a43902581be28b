-- Between which autonomous systems did most pass? 0 is unknown.
SELECT srcAs, dstAs, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
GROUP BY srcAs, dstAs
ORDER BY bytesEst DESC, srcAs, dstAs
LIMIT {limit:UInt32}
