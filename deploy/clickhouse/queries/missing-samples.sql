-- Which samples are missing, by the numbers that the kernel gave them, and how many of them are told of?
SELECT minute, agent, ifName, direction, captured, missing, ringFull, copyFailed, lostOnWay, untold, gaps
FROM ledger_points(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
WHERE missing > 0
ORDER BY untold DESC, missing DESC, minute, agent, ifName, direction
LIMIT {limit:UInt32}
