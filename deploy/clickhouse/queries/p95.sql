-- What is the 95th percentile of the rate of five minutes, by interface? As billing has it; five minutes without a flow are zeros.
SELECT agent, ifIndex, direction, arrayElement(arraySort(rates), toUInt32(ceil(0.95 * length(rates)))) AS p95BitsPerSecond, arrayMax(rates) AS maxBitsPerSecond
FROM
(
    SELECT agent, ifIndex, direction, arrayResize(groupArray(rate), toUInt32(ceil(range_seconds({from:DateTime('UTC')}, {to:DateTime('UTC')}) / 300)), 0) AS rates
    FROM
    (
        SELECT agent, ifIndex, direction, time, sum(bytes) * 8 / 300 AS rate
        FROM flows_5m
        WHERE time >= toStartOfFiveMinutes({from:DateTime('UTC')}) AND time < {to:DateTime('UTC')}
        GROUP BY agent, ifIndex, direction, time
    )
    GROUP BY agent, ifIndex, direction
)
ORDER BY agent, ifIndex, direction
