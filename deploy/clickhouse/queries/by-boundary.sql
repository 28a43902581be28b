-- How much crossed external interfaces, how much internal ones?
SELECT ifBoundary, direction, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
GROUP BY ifBoundary, direction
ORDER BY bytesEst DESC, ifBoundary, direction
