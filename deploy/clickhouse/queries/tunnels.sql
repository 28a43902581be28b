-- What travels in tunnels, and between which ends?
SELECT tunnel_name(tunnelKind) AS tunnel, tunnelId, ip_text(outerSrcAddress) AS outerSrc, ip_text(outerDstAddress) AS outerDst, bytes_est(bytes) AS bytesEst, bytes_lo(bytes, bytesVariance) AS bytesLow, bytes_hi(bytes, bytesVariance) AS bytesHigh,
    uniqExact(srcAddress, dstAddress) AS pairs
FROM flows
WHERE windowStart >= {from:DateTime('UTC')} AND windowStart < {to:DateTime('UTC')} AND tunnelKind != 0
GROUP BY tunnelKind, tunnelId, outerSrcAddress, outerDstAddress
ORDER BY bytesEst DESC, outerSrc, outerDst
LIMIT {limit:UInt32}
