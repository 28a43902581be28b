-- How long do samples take, hop by hop (milliseconds)? Windows are waited for and do not count: from their end on.
SELECT ['packet, first of its batch, to Kafka', 'Kafka to decoded', 'end of the window to flows', 'flows to visible'][hop] AS way, count() AS n, round(quantileExact(0.5)(ms), 1) AS p50, round(quantileExact(0.99)(ms), 1) AS p99, round(quantileExact(0.999)(ms), 1) AS p999
FROM
(
    SELECT 1 AS hop, dateDiff('millisecond', oldest, sentAt) AS ms
    FROM captured FINAL
    WHERE samples > 0 AND minute >= {from:DateTime('UTC')} AND minute < {to:DateTime('UTC')}
    UNION ALL
    SELECT if(stage = 'decode', 2, 3), dateDiff('millisecond', since, at)
    FROM ledger FINAL
    WHERE out > 0 AND minute >= {from:DateTime('UTC')} AND minute < {to:DateTime('UTC')}
    UNION ALL
    SELECT 4, dateDiff('millisecond', emitted.doneAt, visible.seenAt)
    FROM (SELECT minute, agent, max(visibleAt) AS seenAt FROM stored WHERE minute >= {from:DateTime('UTC')} AND minute < {to:DateTime('UTC')} GROUP BY minute, agent) AS visible
    INNER JOIN (SELECT minute, agent, max(at) AS doneAt FROM ledger WHERE stage = 'aggregate' AND minute >= {from:DateTime('UTC')} AND minute < {to:DateTime('UTC')} GROUP BY minute, agent) AS emitted
        ON visible.minute = emitted.minute AND visible.agent = emitted.agent
)
GROUP BY hop
ORDER BY hop
LIMIT {limit:UInt32}
