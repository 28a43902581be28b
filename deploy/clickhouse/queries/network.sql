-- Which addresses of a prefix sent most?
-- param prefix = 10.0.0.0/8: IPv4 or IPv6
SELECT ip_text(srcAddress) AS src, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
WHERE in_cidr(srcAddress, {prefix:String})
GROUP BY srcAddress
ORDER BY bytesEst DESC, src
LIMIT {limit:UInt32}
