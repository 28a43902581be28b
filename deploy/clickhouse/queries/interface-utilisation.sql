-- How full were interfaces, by their own counters?
SELECT agent, ifName, max(ifSpeed) AS speed, sum(inBytes) * 8 / sum(seconds) AS inBitsPerSecond, sum(outBytes) * 8 / sum(seconds) AS outBitsPerSecond,
    max(inUtilisation) AS inMax, max(outUtilisation) AS outMax
FROM interface_rates(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
GROUP BY agent, ifIndex, ifName
ORDER BY greatest(inMax, outMax) DESC, agent, ifName
LIMIT {limit:UInt32}
