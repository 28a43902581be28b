-- How much did each agent see, and how sure is that?
SELECT agent, agentSite, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh, packets_est(packets) AS packetsEst, rel_error(packets, packetsVariance) AS relError, sum(samples) AS n
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
GROUP BY agent, agentSite
ORDER BY bytesEst DESC, agent
