-- Up to when flows were removed for want of room, beside up to when they are complete.
CREATE OR REPLACE VIEW complete_until AS
SELECT heard.agent AS agent, multiIf(silentSeconds > 60, 'silent', dateDiff('second', lastSample, {to:DateTime('UTC')}) > 60, 'quiet', 'live') AS state,
    lastSample, lastHeard, greatest(0, dateDiff('second', lastHeard, {to:DateTime('UTC')})) AS silentSeconds,
    least(toStartOfMinute(toDateTime(if(hasStates, rawHeard, lastHeard), 'UTC')), if(waitingMinutes > 0, firstWaiting, toDateTime(4294967295, 'UTC')),
        if(onDisk > 0 AND gapMinutes > 0, firstGap, toDateTime(4294967295, 'UTC'))) AS completeUntil,
    missing, gaveUp, onDisk, restarts,
    (SELECT max(until) FROM removed WHERE table = 'flows') AS removedUntil
FROM
(
    SELECT agent, max(newestSample) AS lastSample, max(rawNewest) AS rawHeard, max(statesUntil) > toDateTime64(0, 3, 'UTC') AS hasStates,
        greatest(rawHeard, max(countersUntil)) AS lastHeard,
        toUInt32(greatest(0, uniqExactIf(boot, rawNewest >= {from:DateTime('UTC')}) - 1)) AS restarts
    FROM
    (
        SELECT agent, bootId AS boot, captured_points.newestSample, captured_points.newest AS rawNewest, captured_points.newestState AS statesUntil, toDateTime64(0, 3, 'UTC') AS countersUntil
        FROM captured_points
        WHERE newest >= {from:DateTime('UTC')} - INTERVAL 1 DAY
        UNION ALL
        SELECT agent, '', toDateTime64(0, 3, 'UTC'), toDateTime64(0, 3, 'UTC'), toDateTime64(0, 3, 'UTC'), toDateTime64(max(time), 3, 'UTC')
        FROM interface_counters
        WHERE time >= {from:DateTime('UTC')} - INTERVAL 1 DAY AND time < {to:DateTime('UTC')} + INTERVAL 1 HOUR
        GROUP BY agent
    )
    GROUP BY agent
) AS heard
LEFT JOIN
(
    SELECT agent, countIf(waiting > 0) AS waitingMinutes, minIf(minute, waiting > 0) AS firstWaiting,
        countIf(atCapture > 0) AS gapMinutes, minIf(minute, atCapture > 0) AS firstGap,
        sum(greatest(0, atCapture) + if(settled, greatest(0, atDecode) + greatest(0, atAggregate) + greatest(0, atWriter), 0)) AS missing
    FROM ledger_minutes(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
    GROUP BY agent
) AS accounts ON heard.agent = accounts.agent
LEFT JOIN
(
    SELECT agent, sumMap(CAST(lost, 'Map(String, UInt64)')) AS gaveUp, argMax(waiting, since) AS onDisk
    FROM ledger FINAL
    WHERE stage = 'capture' AND minute >= {from:DateTime('UTC')} AND minute < {to:DateTime('UTC')}
    GROUP BY agent
) AS said ON heard.agent = said.agent
COMMENT 'complete_until(from, to): up to when all that each agent sampled is stored or known to be missing, and whether it is live, quiet (says so) or silent (says nothing); gaveUp and onDisk: what its capture says that it gave up by cause, and still has to send; restarts: what it had chosen at its end may be known to nobody; removedUntil: flows before it were removed for want of room, 1970 when none were';
