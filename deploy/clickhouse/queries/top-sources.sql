-- Which addresses sent most?
SELECT ip_text(srcAddress) AS src, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh, bits_per_s(bytes, range_seconds({from:DateTime('UTC')}, {to:DateTime('UTC')})) AS bitsPerSecond
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
GROUP BY srcAddress
ORDER BY bytesEst DESC, src
LIMIT {limit:UInt32}
