-- Which destinations were not seen in the days before?
-- param days = 7: how far to look back
SELECT ip_text(dstAddress) AS dst, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh, uniq(srcAddress) AS sources
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
WHERE dstAddress NOT IN
(
    SELECT address FROM flows_hosts_1h
    WHERE time >= toStartOfHour({from:DateTime('UTC')}) - toIntervalDay({days:UInt16}) AND time < toStartOfHour({from:DateTime('UTC')})
)
GROUP BY dstAddress
ORDER BY bytesEst DESC, dst
LIMIT {limit:UInt32}
