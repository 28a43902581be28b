-- Up to when has each agent told anything, and how long is that ago at the end of the range?
SELECT agent, max(flowsUntil) AS lastFlow, max(countersUntil) AS lastCounters, dateDiff('second', greatest(lastFlow, lastCounters), {to:DateTime('UTC')}) AS secondsAgo
FROM
(
    SELECT agent, toDateTime(max(windowStart + toIntervalMillisecond(windowMs)), 'UTC') AS flowsUntil, toDateTime(0, 'UTC') AS countersUntil
    FROM flows WHERE windowStart >= {from:DateTime('UTC')} AND windowStart < {to:DateTime('UTC')} GROUP BY agent
    UNION ALL
    SELECT agent, toDateTime(0, 'UTC'), toDateTime(max(time), 'UTC') FROM interface_counters
    WHERE time >= {from:DateTime('UTC')} AND time < {to:DateTime('UTC')} GROUP BY agent
)
GROUP BY agent
ORDER BY secondsAgo DESC, agent
