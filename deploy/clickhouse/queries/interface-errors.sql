-- Which interfaces counted discards or errors?
SELECT agent, ifName, sum(discards) AS discarded, sum(errors) AS failed
FROM interface_rates(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
GROUP BY agent, ifIndex, ifName
HAVING discarded + failed > 0
ORDER BY failed DESC, discarded DESC, agent, ifName
LIMIT {limit:UInt32}
