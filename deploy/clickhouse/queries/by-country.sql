-- Between which countries did most pass? Empty is unknown.
SELECT srcCountry, dstCountry, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
GROUP BY srcCountry, dstCountry
ORDER BY bytesEst DESC, srcCountry, dstCountry
LIMIT {limit:UInt32}
