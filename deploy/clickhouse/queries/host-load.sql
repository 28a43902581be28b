-- How busy were the machines? CPU in shares of all CPUs; memory that is not free, buffers or cache.
SELECT agent, any(hostname) AS name, 1 - (max(cpuIdleMs) - min(cpuIdleMs)) / (max(total) - min(total)) AS cpuBusy,
    avg((memoryTotalBytes - memoryFreeBytes - ifNull(memoryBuffersBytes, 0) - ifNull(memoryCachedBytes, 0)) / memoryTotalBytes) AS memoryUsed, max(cpuLoadOne) AS loadMax
FROM
(
    SELECT *, cpuUserMs + cpuNiceMs + cpuSystemMs + cpuIdleMs + ifNull(cpuWioMs, 0) + ifNull(cpuIntrMs, 0) + ifNull(cpuSintrMs, 0) + ifNull(cpuStealMs, 0) AS total
    FROM host_counters
    WHERE time >= {from:DateTime('UTC')} AND time < {to:DateTime('UTC')}
)
GROUP BY agent
ORDER BY cpuBusy DESC, agent
