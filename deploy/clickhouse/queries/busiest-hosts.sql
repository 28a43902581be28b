-- Which addresses sent and received most, and with how many did they talk? By whole hours.
SELECT ip_text(address) AS host, sum(bytesSent) AS sent, sum(bytesReceived) AS received, uniqCombinedMerge(12)(peers) AS peerCount
FROM flows_hosts_1h
WHERE time >= toStartOfHour({from:DateTime('UTC')}) AND time < {to:DateTime('UTC')}
GROUP BY address
ORDER BY sent + received DESC, host
LIMIT {limit:UInt32}
