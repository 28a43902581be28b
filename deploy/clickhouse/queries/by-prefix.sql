-- Which /24 and /48 prefixes exchanged most? By whole hours.
SELECT cidr_of(srcPrefix, 24, 48) AS src, cidr_of(dstPrefix, 24, 48) AS dst, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh
FROM flows_prefixes_1h
WHERE time >= toStartOfHour({from:DateTime('UTC')}) AND time < {to:DateTime('UTC')}
GROUP BY srcPrefix, dstPrefix
ORDER BY bytesEst DESC, src, dst
LIMIT {limit:UInt32}
