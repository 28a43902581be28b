-- How much came after its window had been emitted?
SELECT agent, countIf(late) AS lateRecords, count() AS records, sumIf(samples, late) / sum(samples) AS lateShare
FROM flows
WHERE windowStart >= {from:DateTime('UTC')} AND windowStart < {to:DateTime('UTC')}
GROUP BY agent
ORDER BY lateShare DESC, agent
