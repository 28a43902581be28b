-- From which interface to which did most go, and how sure is that? Names of that time; empty: the host itself, unknown, or gone.
-- param direction = ingress: seen coming in; egress: going out. A packet that is forwarded may be seen at both
SELECT agent, inputIfName AS input, outputIfName AS output, bytes_est(bytes) AS bytesEst,
    bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh, sum(samples) AS n
FROM flows_interfaces(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
WHERE direction = {direction:String}
GROUP BY agent, input, output
ORDER BY bytesEst DESC, agent, input, output
LIMIT {limit:UInt32}
