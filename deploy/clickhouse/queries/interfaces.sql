-- Which interfaces are there, what are they, and at which rate are they sampled?
SELECT agent, ifIndex, name, alias, kind, speedBps, operUp, addresses, ingressRate, egressRate
FROM interfaces_validity
WHERE NOT removed AND validFrom < {to:DateTime('UTC')} AND validTo > {to:DateTime('UTC')}
ORDER BY agent, ifIndex
