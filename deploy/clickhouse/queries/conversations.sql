-- Which conversations exchanged most, and how much went each way?
SELECT agent, ifName, ip_text(lowAddress) AS a, lowPort, ip_text(highAddress) AS b, highPort, protocol_name(protocol) AS protocolName,
    bytesForward, 1.96 * sqrt(bytesVarianceForward) AS bytesForwardMargin, bytesBack, 1.96 * sqrt(bytesVarianceBack) AS bytesBackMargin,
    samplesForward, samplesBack
FROM flows_bidirectional(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
ORDER BY bytesForward + bytesBack DESC, a, lowPort, b, highPort
LIMIT {limit:UInt32}
