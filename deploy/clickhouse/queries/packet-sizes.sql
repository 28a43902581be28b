-- How long are packets, by service?
SELECT protocol_name(protocol) AS protocolName, service_name(protocol, servicePort) AS service, sum(bytes) / sum(packets) AS meanBytes, packets_est(packets) AS packetsEst
FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
GROUP BY protocol, servicePort
ORDER BY packetsEst DESC, service
LIMIT {limit:UInt32}
