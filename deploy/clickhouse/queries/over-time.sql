-- How did the rate of each direction change?
SELECT time, direction, bits_per_s(bytes, any(stepSeconds)) AS bitsPerSecond, packets_per_s(packets, any(stepSeconds)) AS packetsPerSecond,
    bytes_hi(bytes, bytesVariance) * 8 / any(stepSeconds) AS bitsPerSecondHigh
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
GROUP BY time, direction
ORDER BY time, direction
