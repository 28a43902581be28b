-- The ledger says of what came to be stored whether the flows are still there, as removed has it.
CREATE OR REPLACE VIEW ledger_minutes AS
WITH (SELECT toUInt32(greatest(60, max(intDiv(lcm(60000, windowMs), 1000)))) FROM stored WHERE minute >= {from:DateTime('UTC')} AND minute < {to:DateTime('UTC')}) AS stepSeconds,
    (SELECT toUInt32(least(7200, greatest(120, 2 * max(dateDiff('second', since, at))))) FROM ledger WHERE stage = 'aggregate' AND out > 0 AND minute >= {from:DateTime('UTC')} AND minute < {to:DateTime('UTC')}) AS graceSeconds,
    (SELECT groupArray((since, until)) FROM (SELECT DISTINCT since, until FROM removed WHERE table = 'flows' AND until > {from:DateTime('UTC')} AND since < {to:DateTime('UTC')})) AS gone
SELECT minute, agent,
    captured + missing AS chosen, captured, missing, twice, decoded, aggregated, stored, letters,
    mapFilter((cause, samples) -> samples > 0, mapConcat(map('ring_full', ringFull, 'copy_failed', copyFailed), lostLater)) AS lost,
    untold AS atCapture,
    captured - decoded - decodeLost AS atDecode,
    decoded - aggregated - aggregateLost AS atAggregate,
    aggregated - stored AS atWriter,
    atCapture + atDecode + atAggregate + atWriter AS balance,
    greatest(toDateTime64(minute + stepSeconds, 3, 'UTC'), touched) < now64(3) - toIntervalSecond(graceSeconds) AS settled,
    if(settled, 0, greatest(0, atDecode + atAggregate + atWriter)) AS waiting,
    arrayFilter(text -> text != '', [
        if(atCapture > 0, concat(toString(atCapture), ' missing between the kernel and Kafka, of no cause that was told'), ''),
        if(twice > 0, concat(toString(twice), ' of a number that another had'), ''),
        if(settled AND atDecode > 0, concat(toString(atDecode), ' did not come out of decode'), ''),
        if(settled AND atDecode < 0, concat(toString(-atDecode), ' too many came out of decode'), ''),
        if(settled AND atAggregate > 0, concat(toString(atAggregate), ' did not come out of aggregate'), ''),
        if(settled AND atAggregate < 0, concat(toString(-atAggregate), ' too many came out of aggregate'), ''),
        if(settled AND atWriter > 0, concat(toString(atWriter), ' are not stored'), ''),
        if(settled AND atWriter < 0, concat(toString(-atWriter), ' too many are stored'), ''),
        if(letters > 0, concat('dead letters: ', toString(letters)), '')
    ]) AS wrong,
    multiIf(length(wrong) > 0, arrayStringConcat(wrong, '; '),
        waiting > 0, concat(toString(waiting), ' on their way'),
        length(lost) > 0, 'what is lost is told', flowsRemoved, 'all there, until its flows were removed for want of room', 'all there') AS verdict,
    arrayExists(range -> minute >= range.1 AND minute < range.2, gone) AS flowsRemoved
FROM
(
    SELECT toDateTime(intDiv(toUnixTimestamp(parts.minute), stepSeconds) * stepSeconds, 'UTC') AS minute, agent,
        sum(parts.captured) AS captured, sum(parts.missing) AS missing, sum(parts.twice) AS twice, sum(parts.ringFull) AS ringFull,
        sum(parts.copyFailed) AS copyFailed, sum(parts.untold) AS untold, sum(parts.decoded) AS decoded, sum(parts.decodeLost) AS decodeLost,
        sum(parts.aggregated) AS aggregated, sum(parts.aggregateLost) AS aggregateLost, sum(parts.stored) AS stored, sum(parts.letters) AS letters,
        sumMap(parts.lostLater) AS lostLater, max(parts.touched) AS touched
    FROM
    (
        SELECT minute, agent, captured, missing, twice, ringFull, copyFailed, untold,
            toInt64(0) AS decoded, toInt64(0) AS decodeLost, toInt64(0) AS aggregated, toInt64(0) AS aggregateLost, toInt64(0) AS stored,
            toInt64(0) AS letters, CAST(map('unreceived', lostOnWay), 'Map(String, Int64)') AS lostLater, lastSentAt AS touched
        FROM ledger_points(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
        UNION ALL
        SELECT minute, agent, 0, 0, 0, 0, 0, 0, out, if(out > 0, 0, arraySum(mapValues(lost))), 0, 0, 0, if(out > 0, 0, letters), if(out > 0, CAST(map(), 'Map(String, Int64)'), lost), at
        FROM
        (
            SELECT minute, agent, toInt64(sum(entries.out)) AS out, toInt64(max(entries.letters)) AS letters, max(entries.at) AS at,
                argMax(CAST(entries.lost, 'Map(String, Int64)'), entries.at) AS lost
            FROM ledger AS entries FINAL
            WHERE stage = 'decode' AND minute >= {from:DateTime('UTC')} AND minute < {to:DateTime('UTC')}
            GROUP BY minute, agent, bootId, batchSequence, if(batchSequence = 0, (partition, offset), (0, 0))
        )
        UNION ALL
        SELECT minute, agent, 0, 0, 0, 0, 0, 0, 0, 0, toInt64(out), toInt64(arraySum(mapValues(lost))), 0, toInt64(letters), CAST(lost, 'Map(String, Int64)'), at
        FROM ledger FINAL
        WHERE stage = 'aggregate' AND minute >= {from:DateTime('UTC')} AND minute < {to:DateTime('UTC')}
        UNION ALL
        SELECT minute, agent, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, toInt64(samples), 0, CAST(map(), 'Map(String, Int64)'), toDateTime64(0, 3, 'UTC')
        FROM stored
        WHERE minute >= {from:DateTime('UTC')} AND minute < {to:DateTime('UTC')}
    ) AS parts
    GROUP BY minute, agent
)
COMMENT 'ledger_minutes(from, to): of each agent and minute what was chosen, came through each stage, was lost by cause and is stored; balance is what nobody accounts for, settled says that nothing is on its way any more; flowsRemoved, that flows of the minute were removed since';

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
