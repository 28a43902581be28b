-- How is traffic divided among service classes (DSCP)?
SELECT dscp, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh
FROM flows
WHERE windowStart >= {from:DateTime('UTC')} AND windowStart < {to:DateTime('UTC')}
GROUP BY dscp
ORDER BY bytesEst DESC, dscp
