-- The ledger: what raw samples tell of themselves, what stages say they did, what is stored; and views that compare them.
CREATE TABLE IF NOT EXISTS captured
(
    minute DateTime('UTC') COMMENT 'Of the samples, by the kernel that chose them' CODEC(DoubleDelta, ZSTD(1)),
    agent LowCardinality(String) COMMENT 'Host or switch that sampled',
    bootId FixedString(32) COMMENT 'Start of the agent, hex: numbers begin anew with it' CODEC(ZSTD(1)),
    ifIndex UInt32 COMMENT 'Interface of the measuring point',
    ifName LowCardinality(String) COMMENT 'Its name',
    direction Enum8('ingress' = 0, 'egress' = 1) COMMENT 'As seen from the interface',
    batchSequence UInt64 COMMENT 'Number of the batch that they came in: one that came twice is one row' CODEC(DoubleDelta, ZSTD(1)),
    samples UInt64 COMMENT 'In the batch, of this point and minute' CODEC(T64, ZSTD(1)),
    firsts Array(UInt64) COMMENT 'Their numbers, as intervals: the first of each' CODEC(ZSTD(1)),
    lasts Array(UInt64) COMMENT 'The last of each. Without samples an interval of nothing behind the last number given out' CODEC(ZSTD(1)),
    selected UInt64 COMMENT 'Cumulative: samples chosen, by the kernel, when the batch was made' CODEC(Delta, ZSTD(1)),
    ringFull UInt64 COMMENT 'Cumulative: of them lost for want of room in the ring' CODEC(Delta, ZSTD(1)),
    copyFailed UInt64 COMMENT 'Cumulative: of them lost as the header could not be copied' CODEC(Delta, ZSTD(1)),
    oldest DateTime64(3, 'UTC') COMMENT 'First sample' CODEC(Delta, ZSTD(1)),
    newest DateTime64(3, 'UTC') COMMENT 'Last sample' CODEC(Delta, ZSTD(1)),
    sentAt DateTime64(3, 'UTC') COMMENT 'When capture sent the batch to Kafka' CODEC(Delta, ZSTD(1)),
    partition UInt16 COMMENT 'Where it stands in tcxflow.raw-samples.v1',
    offset UInt64 COMMENT 'As partition' CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(minute)
ORDER BY (minute, agent, bootId, ifIndex, direction, batchSequence)
TTL minute + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'What each raw batch has of each measuring point, by minute, seen in Kafka and not asked of anybody; read it with FINAL';

CREATE TABLE IF NOT EXISTS captured_points
(
    agent LowCardinality(String) COMMENT 'Host or switch that sampled',
    bootId FixedString(32) COMMENT 'Start of the agent, hex',
    ifIndex UInt32 COMMENT 'Interface of the measuring point',
    direction Enum8('ingress' = 0, 'egress' = 1) COMMENT 'As seen from the interface',
    firstMinute SimpleAggregateFunction(min, DateTime('UTC')) COMMENT 'First minute of captured',
    newest SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'Newest that was heard of it, with or without samples',
    newestSample SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'Newest sample',
    newestState SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'Newest batch without samples: 1970 when the agent sends none'
)
ENGINE = AggregatingMergeTree
ORDER BY (agent, bootId, ifIndex, direction)
TTL toDateTime(newest) + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Each measuring point of captured: since when there is something of it, and up to when';

CREATE MATERIALIZED VIEW IF NOT EXISTS captured_points_view TO captured_points AS
SELECT agent, bootId, ifIndex, direction, min(minute) AS firstMinute, max(captured.newest) AS newest,
    maxIf(captured.newest, samples > 0) AS newestSample, maxIf(captured.newest, samples = 0) AS newestState
FROM captured
GROUP BY agent, bootId, ifIndex, direction;

CREATE TABLE IF NOT EXISTS ledger
(
    minute DateTime('UTC') COMMENT 'Of the samples; aggregate: of their window’s start; capture: of the telling' CODEC(DoubleDelta, ZSTD(1)),
    agent LowCardinality(String) COMMENT 'Whose samples',
    stage LowCardinality(String) COMMENT 'decode, aggregate, or capture: what that gave up',
    bootId FixedString(32) COMMENT 'Start of the agent, hex; zeros where the stage does not tell them apart' CODEC(ZSTD(1)),
    batchSequence UInt64 COMMENT 'Of the raw batch, 0 = not known, or several' CODEC(DoubleDelta, ZSTD(1)),
    partition UInt16 COMMENT 'What the entry is known by. decode: where the raw batch stands; aggregate: where the entry stands; capture: a number of its own',
    offset UInt64 COMMENT 'As partition' CODEC(DoubleDelta, ZSTD(1)),
    in UInt64 COMMENT 'Samples that came' CODEC(T64, ZSTD(1)),
    out UInt64 COMMENT 'Samples that went on' CODEC(T64, ZSTD(1)),
    waiting UInt64 COMMENT 'No sum. aggregate: of this minute, in open windows then; capture: of whatever minute, on disk' CODEC(T64, ZSTD(1)),
    lost Map(LowCardinality(String), UInt64) COMMENT 'Samples by cause' CODEC(ZSTD(1)),
    letters UInt32 COMMENT 'Messages that went to tcxflow.dead-letter.v1',
    since DateTime64(3, 'UTC') COMMENT 'From when on it could be done: the raw batch was sent, the window ended; capture: when it was told' CODEC(Delta, ZSTD(1)),
    at DateTime64(3, 'UTC') COMMENT 'When it was done' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(at)
PARTITION BY toYYYYMMDD(minute)
ORDER BY (minute, agent, stage, bootId, partition, offset)
TTL minute + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'What stages say in tcxflow.ledger.v1: entries add up; read it with FINAL';

CREATE TABLE IF NOT EXISTS stored
(
    minute DateTime('UTC') COMMENT 'Of the windows’ starts' CODEC(DoubleDelta, ZSTD(1)),
    agent LowCardinality(String) COMMENT 'Whose samples',
    windowMs UInt32 COMMENT 'Length of the windows',
    samples SimpleAggregateFunction(sum, UInt64) COMMENT 'In flows',
    flows SimpleAggregateFunction(sum, UInt64) COMMENT 'Rows of flows',
    visibleAt SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'When the last of them was inserted'
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMMDD(minute)
ORDER BY (minute, agent, windowMs)
TTL minute + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Samples that are in flows, by minute; sum() them';

CREATE MATERIALIZED VIEW IF NOT EXISTS stored_view TO stored AS
SELECT toStartOfMinute(toDateTime(windowStart, 'UTC')) AS minute, agent, windowMs,
    sum(flows.samples) AS samples, count() AS flows, max(now64(3, 'UTC')) AS visibleAt
FROM flows
GROUP BY minute, agent, windowMs;

CREATE OR REPLACE VIEW ledger_points AS
SELECT minute, agent, bootId, ifIndex, ifName, direction, captured, missing, twice,
    ringUpTo - ringBefore AS ringFull, copyUpTo - copyBefore AS copyFailed, missing - ringFull - copyFailed AS untold,
    gaps, lastSentAt
FROM
(
    SELECT *, lagInFrame(ringUpTo, 1, toInt64(0)) OVER earlier AS ringBefore, lagInFrame(copyUpTo, 1, toInt64(0)) OVER earlier AS copyBefore
    FROM
    (
        SELECT *, sum(missing) OVER earlier AS missingUpTo,
            max(ringSaid) OVER earlier - if(begins, 0, min(ringSaid) OVER earlier) AS ringClaim,
            max(copySaid) OVER earlier - if(begins, 0, min(copySaid) OVER earlier) AS copyClaim,
            least(missingUpTo, ringClaim) AS ringUpTo, least(missingUpTo, ringClaim + copyClaim) - ringUpTo AS copyUpTo
        FROM
        (
            SELECT minute, agent, bootId, ifIndex, direction, any(name) AS ifName, any(isFirst) AS begins,
                sum(last + 1 - first) AS captured,
                sum(if(first > before + 1, first - before - 1, 0)) AS missing,
                sum(if(before >= first AND last >= first, least(before, last) + 1 - first, 0)) AS twice,
                groupArrayIf(10)((before + 1, first - 1), first > before + 1) AS gaps,
                toInt64(max(ringFull)) AS ringSaid, toInt64(max(copyFailed)) AS copySaid, max(sentAt) AS lastSentAt
            FROM
            (
                SELECT runs.*, points.since >= {from:DateTime('UTC')} - INTERVAL 1 HOUR AS isFirst,
                    if(number > 1, seen, if(isFirst, 0, first - 1)) AS before
                FROM
                (
                    SELECT minute, agent, bootId, ifIndex, direction, name, ringFull, copyFailed, sentAt, toInt64(run.1) AS first, toInt64(run.2) AS last,
                        row_number() OVER (PARTITION BY agent, bootId, ifIndex, direction ORDER BY first, last) AS number,
                        max(last) OVER (PARTITION BY agent, bootId, ifIndex, direction ORDER BY first, last ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
                    FROM
                    (
                        SELECT minute, agent, bootId, ifIndex, direction, any(ifName) AS name, max(captured.ringFull) AS ringFull,
                            max(captured.copyFailed) AS copyFailed, max(captured.sentAt) AS sentAt, sum(samples) AS n,
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
COMMENT 'ledger_points(from, to): what came of each measuring point, what is missing by the numbers that samples have, and what of that is told; gaps has the first ten';

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
            toInt64(0) AS letters, CAST(map(), 'Map(String, Int64)') AS lostLater, lastSentAt AS touched
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

CREATE OR REPLACE VIEW complete_until AS
SELECT heard.agent AS agent, multiIf(silentSeconds > 60, 'silent', dateDiff('second', lastSample, {to:DateTime('UTC')}) > 60, 'quiet', 'live') AS state,
    lastSample, lastHeard, greatest(0, dateDiff('second', lastHeard, {to:DateTime('UTC')})) AS silentSeconds,
    least(toStartOfMinute(toDateTime(if(hasStates, rawHeard, lastHeard), 'UTC')), if(waitingMinutes > 0, firstWaiting, toDateTime(4294967295, 'UTC')),
        if(onDisk > 0 AND gapMinutes > 0, firstGap, toDateTime(4294967295, 'UTC'))) AS completeUntil,
    missing, gaveUp, onDisk, restarts
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
COMMENT 'complete_until(from, to): up to when all that each agent sampled is stored or known to be missing, and whether it is live, quiet (says so) or silent (says nothing); gaveUp and onDisk: what its capture says that it gave up by cause, and still has to send; restarts: what it had chosen at its end may be known to nobody';
