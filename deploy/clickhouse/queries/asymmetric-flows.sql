-- Which conversations were seen in one direction only, although there were enough samples to expect the other?
-- param samples = 5: from so many on the other direction should show
SELECT ip_text(low) AS a, ip_text(high) AS b, protocol_name(protocol) AS protocolName, service_name(protocol, servicePort) AS service,
    sum(if(forward, samples, 0)) AS samplesForward, sum(if(forward, 0, samples)) AS samplesBack, bytes_est(bytes) AS bytesEst
FROM
(
    SELECT least(srcAddress, dstAddress) AS low, greatest(srcAddress, dstAddress) AS high, srcAddress <= dstAddress AS forward,
        protocol, servicePort, samples, bytes
    FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
)
GROUP BY low, high, protocol, servicePort
HAVING least(samplesForward, samplesBack) = 0 AND greatest(samplesForward, samplesBack) >= {samples:UInt32}
ORDER BY bytesEst DESC, a, b
LIMIT {limit:UInt32}
