-- What could not be decoded to its end? 1 cut by the capture, 2 malformed, 3 unsupported.
SELECT stop, concat('0x', lower(leftPad(hex(etherType), 4, '0'))) AS ethertype, protocol, packets_est(packets) AS packetsEst, sum(samples) AS n
FROM flows
WHERE windowStart >= {from:DateTime('UTC')} AND windowStart < {to:DateTime('UTC')} AND stop != 0
GROUP BY stop, etherType, protocol
ORDER BY packetsEst DESC, ethertype
LIMIT {limit:UInt32}
