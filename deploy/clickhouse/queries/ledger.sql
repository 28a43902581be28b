-- What was sampled, what became of it, and is anything missing? What is not as it should be comes first.
SELECT minute, agent, chosen, captured, decoded, aggregated, stored, lost, waiting, verdict
FROM ledger_minutes(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
ORDER BY empty(wrong) AND empty(lost), minute DESC, agent
LIMIT {limit:UInt32}
