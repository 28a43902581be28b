-- Which addresses received most?
SELECT ip_text(dstAddress) AS dst, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh, bits_per_s(bytes, range_seconds({from:DateTime('UTC')}, {to:DateTime('UTC')})) AS bitsPerSecond
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
GROUP BY dstAddress
ORDER BY bytesEst DESC, dst
LIMIT {limit:UInt32}
