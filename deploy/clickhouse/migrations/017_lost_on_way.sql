-- What an sFlow agent sent and its receiver did not get is a cause of its own: raw samples say it (lostOnWay).
ALTER TABLE captured
    ADD COLUMN IF NOT EXISTS lostOnWay UInt64 COMMENT 'Cumulative: of them lost between the agent and who received its sFlow, by the gaps in its numbers' CODEC(Delta, ZSTD(1)) AFTER copyFailed;

CREATE OR REPLACE VIEW ledger_points AS
SELECT minute, agent, bootId, ifIndex, ifName, direction, captured, missing, twice,
    ringUpTo - ringBefore AS ringFull, copyUpTo - copyBefore AS copyFailed, wayUpTo - wayBefore AS lostOnWay,
    missing - ringFull - copyFailed - lostOnWay AS untold,
    gaps, lastSentAt
FROM
(
    SELECT *, lagInFrame(ringUpTo, 1, toInt64(0)) OVER earlier AS ringBefore, lagInFrame(copyUpTo, 1, toInt64(0)) OVER earlier AS copyBefore,
        lagInFrame(wayUpTo, 1, toInt64(0)) OVER earlier AS wayBefore
    FROM
    (
        SELECT *, sum(missing) OVER earlier AS missingUpTo,
            max(ringSaid) OVER earlier - if(begins, 0, min(ringSaid) OVER earlier) AS ringClaim,
            max(copySaid) OVER earlier - if(begins, 0, min(copySaid) OVER earlier) AS copyClaim,
            max(waySaid) OVER earlier - if(begins, 0, min(waySaid) OVER earlier) AS wayClaim,
            least(missingUpTo, ringClaim) AS ringUpTo, least(missingUpTo, ringClaim + copyClaim) - ringUpTo AS copyUpTo,
            least(missingUpTo, ringClaim + copyClaim + wayClaim) - ringUpTo - copyUpTo AS wayUpTo
        FROM
        (
            SELECT minute, agent, bootId, ifIndex, direction, any(name) AS ifName, any(isFirst) AS begins,
                sum(last + 1 - first) AS captured,
                sum(if(first > before + 1, first - before - 1, 0)) AS missing,
                sum(if(before >= first AND last >= first, least(before, last) + 1 - first, 0)) AS twice,
                groupArrayIf(10)((before + 1, first - 1), first > before + 1) AS gaps,
                toInt64(max(ringFull)) AS ringSaid, toInt64(max(copyFailed)) AS copySaid, toInt64(max(lostOnWay)) AS waySaid,
                max(sentAt) AS lastSentAt
            FROM
            (
                SELECT runs.*, points.since >= {from:DateTime('UTC')} - INTERVAL 1 HOUR AS isFirst,
                    if(number > 1, seen, if(isFirst, 0, first - 1)) AS before
                FROM
                (
                    SELECT minute, agent, bootId, ifIndex, direction, name, ringFull, copyFailed, lostOnWay, sentAt, toInt64(run.1) AS first, toInt64(run.2) AS last,
                        row_number() OVER (PARTITION BY agent, bootId, ifIndex, direction ORDER BY first, last) AS number,
                        max(last) OVER (PARTITION BY agent, bootId, ifIndex, direction ORDER BY first, last ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
                    FROM
                    (
                        SELECT minute, agent, bootId, ifIndex, direction, any(ifName) AS name, max(captured.ringFull) AS ringFull,
                            max(captured.copyFailed) AS copyFailed, max(captured.lostOnWay) AS lostOnWay, max(captured.sentAt) AS sentAt, sum(samples) AS n,
                            min(arrayMin(firsts)) AS lowest, max(arrayMax(lasts)) AS highest, groupArrayArray(arrayZip(firsts, lasts)) AS intervals
                        FROM captured FINAL
                        WHERE minute >= {from:DateTime('UTC')} - INTERVAL 1 HOUR AND minute < {to:DateTime('UTC')}
                            AND (samples > 0 OR captured.sentAt < now64(3) - INTERVAL 10 SECOND)
                        GROUP BY minute, agent, bootId, ifIndex, direction
                    )
                    ARRAY JOIN if(highest + 1 = lowest + n, [(lowest, highest)], intervals) AS run
                ) AS runs
                LEFT JOIN
                (
                    SELECT agent, bootId, ifIndex, direction, min(firstMinute) AS since
                    FROM captured_points
                    GROUP BY agent, bootId, ifIndex, direction
                ) AS points ON runs.agent = points.agent AND runs.bootId = points.bootId AND runs.ifIndex = points.ifIndex AND runs.direction = points.direction
            )
            GROUP BY minute, agent, bootId, ifIndex, direction
        )
        WINDOW earlier AS (PARTITION BY agent, bootId, ifIndex, direction ORDER BY minute ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
    WINDOW earlier AS (PARTITION BY agent, bootId, ifIndex, direction ORDER BY minute ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
WHERE minute >= {from:DateTime('UTC')}
COMMENT 'ledger_points(from, to): what came of each measuring point, what is missing by the numbers that samples have, and what of that is told: by the kernel ringFull and copyFailed, by who received sFlow lostOnWay; gaps has the first ten';

CREATE OR REPLACE VIEW ledger_minutes AS
WITH (SELECT toUInt32(greatest(60, max(intDiv(lcm(60000, windowMs), 1000)))) FROM stored WHERE minute >= {from:DateTime('UTC')} AND minute < {to:DateTime('UTC')}) AS stepSeconds,
    (SELECT toUInt32(least(7200, greatest(120, 2 * max(dateDiff('second', since, at))))) FROM ledger WHERE stage = 'aggregate' AND out > 0 AND minute >= {from:DateTime('UTC')} AND minute < {to:DateTime('UTC')}) AS graceSeconds
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
        length(lost) > 0, 'what is lost is told', 'all there') AS verdict
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
COMMENT 'ledger_minutes(from, to): of each agent and minute what was chosen, came through each stage, was lost by cause and is stored; balance is what nobody accounts for, settled says that nothing is on its way any more';
