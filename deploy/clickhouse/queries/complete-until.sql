-- Up to when is everything there, of each agent and of all that are not silent; and which are silent rather than quiet?
SELECT agent, state, lastSample, lastHeard, completeUntil, missing,
    min(if(state = 'silent', toDateTime(4294967295, 'UTC'), completeUntil)) OVER () AS allUntil
FROM complete_until(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
ORDER BY completeUntil, agent
LIMIT {limit:UInt32}
