-- What passed each measuring point, also where not one packet was sampled?
SELECT agent, ifName, direction, rate, samples, packets, packetsLow, packetsHigh, bytes, bytesLow, bytesHigh
FROM interface_traffic(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
ORDER BY agent, ifName, direction
