-- Which machines retransmitted, reset or refused?
SELECT agent, max(tcpOutSegs) - min(tcpOutSegs) AS sent, max(tcpRetransSegs) - min(tcpRetransSegs) AS retransmitted,
    if(sent = 0, NULL, retransmitted / sent) AS share, max(tcpOutRsts) - min(tcpOutRsts) AS resets, max(tcpAttemptFails) - min(tcpAttemptFails) AS failedAttempts
FROM host_counters
WHERE time >= {from:DateTime('UTC')} AND time < {to:DateTime('UTC')}
GROUP BY agent
ORDER BY share DESC, agent
