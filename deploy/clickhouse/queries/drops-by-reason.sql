-- What did kernels drop, and why?
SELECT agent, reason, sum(packets) AS dropped, max(until) AS lastReading
FROM drop_rates(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
GROUP BY agent, reason
ORDER BY dropped DESC, agent, reason
LIMIT {limit:UInt32}
