-- Functions and views for who asks questions: docs/how-to/ask-questions.md. Functions belong to the server, not to a database.
CREATE OR REPLACE FUNCTION ip_text AS (address) -> replaceRegexpOne(IPv6NumToString(address), '^::ffff:', '');

CREATE OR REPLACE FUNCTION is_ipv4 AS (address) -> startsWith(IPv6NumToString(address), '::ffff:');

CREATE OR REPLACE FUNCTION cidr_range AS (prefix) -> IPv6CIDRToRange(toIPv6(splitByChar('/', prefix)[1]), toUInt8(toUInt8(splitByChar('/', prefix)[2]) + if(position(prefix, ':') = 0, 96, 0)));

CREATE OR REPLACE FUNCTION in_cidr AS (address, prefix) -> (address >= cidr_range(prefix).1 AND address <= cidr_range(prefix).2);

CREATE OR REPLACE FUNCTION cidr_of AS (address, bits4, bits6) -> concat(ip_text(IPv6CIDRToRange(address, toUInt8(if(is_ipv4(address), 96 + bits4, bits6))).1), '/', toString(if(is_ipv4(address), bits4, bits6)));

CREATE OR REPLACE FUNCTION bytes_est AS (bytes) -> sum(bytes);

CREATE OR REPLACE FUNCTION bytes_lo AS (bytes, variance) -> greatest(0., sum(bytes) - 1.96 * sqrt(sum(variance)));

CREATE OR REPLACE FUNCTION bytes_hi AS (bytes, variance) -> sum(bytes) + 1.96 * sqrt(sum(variance));

CREATE OR REPLACE FUNCTION packets_est AS (packets) -> sum(packets);

CREATE OR REPLACE FUNCTION packets_lo AS (packets, variance) -> greatest(0., sum(packets) - 1.96 * sqrt(sum(variance)));

CREATE OR REPLACE FUNCTION packets_hi AS (packets, variance) -> sum(packets) + 1.96 * sqrt(sum(variance));

CREATE OR REPLACE FUNCTION unseen_packets_hi AS (rate) -> 3 * rate;

CREATE OR REPLACE FUNCTION rel_error AS (estimate, variance) -> if(sum(estimate) = 0, NULL, 1.96 * sqrt(sum(variance)) / sum(estimate));

CREATE OR REPLACE FUNCTION bits_per_s AS (bytes, seconds) -> sum(bytes) * 8 / seconds;

CREATE OR REPLACE FUNCTION packets_per_s AS (packets, seconds) -> sum(packets) / seconds;

CREATE OR REPLACE FUNCTION range_seconds AS (beginning, ending) -> dateDiff('second', beginning, ending);

CREATE OR REPLACE FUNCTION protocol_name AS (protocol) -> transform(protocol, [0, 1, 2, 4, 6, 8, 9, 17, 27, 33, 41, 43, 44, 46, 47, 50, 51, 58, 59, 60, 88, 89, 94, 97, 103, 108, 112, 115, 132, 133, 135, 136, 137, 139, 140, 143], ['none', 'ICMP', 'IGMP', 'IPv4', 'TCP', 'EGP', 'IGP', 'UDP', 'RDP', 'DCCP', 'IPv6', 'IPv6-Route', 'IPv6-Frag', 'RSVP', 'GRE', 'ESP', 'AH', 'IPv6-ICMP', 'IPv6-NoNxt', 'IPv6-Opts', 'EIGRP', 'OSPF', 'IPIP', 'EtherIP', 'PIM', 'IPComp', 'VRRP', 'L2TP', 'SCTP', 'FC', 'Mobility', 'UDPLite', 'MPLS-in-IP', 'HIP', 'Shim6', 'Ethernet'], toString(protocol));

CREATE OR REPLACE FUNCTION service_name AS (protocol, port) -> if(protocol IN (1, 58), concat('type ', toString(intDiv(port, 256)), ' code ', toString(port % 256)), transform(port, [7, 20, 21, 22, 23, 25, 43, 49, 53, 67, 68, 69, 80, 88, 110, 111, 119, 123, 135, 137, 138, 139, 143, 161, 162, 179, 194, 389, 443, 445, 464, 465, 500, 514, 515, 520, 546, 547, 554, 587, 623, 631, 636, 646, 853, 873, 989, 990, 993, 995, 1080, 1194, 1433, 1521, 1701, 1723, 1812, 1813, 1883, 2049, 2055, 2152, 2181, 2379, 2380, 3128, 3260, 3268, 3306, 3389, 3478, 3784, 4222, 4369, 4500, 4739, 4789, 5060, 5061, 5201, 5222, 5353, 5355, 5432, 5671, 5672, 5900, 5984, 6081, 6343, 6379, 6443, 6633, 6653, 8080, 8123, 8443, 8472, 8883, 9000, 9042, 9090, 9092, 9100, 9200, 9464, 10050, 10051, 10250, 11211, 25565, 27017, 50051, 51820], ['echo', 'ftp-data', 'ftp', 'ssh', 'telnet', 'smtp', 'whois', 'tacacs', 'domain', 'bootps', 'bootpc', 'tftp', 'http', 'kerberos', 'pop3', 'sunrpc', 'nntp', 'ntp', 'epmap', 'netbios-ns', 'netbios-dgm', 'netbios-ssn', 'imap', 'snmp', 'snmptrap', 'bgp', 'irc', 'ldap', 'https', 'microsoft-ds', 'kpasswd', 'submissions', 'isakmp', 'syslog', 'printer', 'rip', 'dhcpv6-client', 'dhcpv6-server', 'rtsp', 'submission', 'asf-rmcp', 'ipp', 'ldaps', 'ldp', 'domain-s', 'rsync', 'ftps-data', 'ftps', 'imaps', 'pop3s', 'socks', 'openvpn', 'ms-sql-s', 'oracle', 'l2tp', 'pptp', 'radius', 'radius-acct', 'mqtt', 'nfs', 'netflow', 'gtp-user', 'zookeeper', 'etcd-client', 'etcd-server', 'squid', 'iscsi-target', 'msft-gc', 'mysql', 'ms-wbt-server', 'stun', 'bfd-control', 'nats', 'epmd', 'ipsec-nat-t', 'ipfix', 'vxlan', 'sip', 'sips', 'iperf3', 'xmpp-client', 'mdns', 'llmnr', 'postgresql', 'amqps', 'amqp', 'rfb', 'couchdb', 'geneve', 'sflow', 'redis', 'kube-apiserver', 'openflow', 'openflow', 'http-alt', 'clickhouse-http', 'https-alt', 'vxlan-linux', 'secure-mqtt', 'clickhouse', 'cassandra', 'prometheus', 'kafka', 'node-exporter', 'elasticsearch', 'tcxflow', 'zabbix-agent', 'zabbix-trapper', 'kubelet', 'memcache', 'minecraft', 'mongodb', 'grpc', 'wireguard'], toString(port)));

CREATE OR REPLACE FUNCTION tunnel_name AS (kind) -> transform(kind, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17], ['none', 'GRE', 'NVGRE', 'ERSPAN', 'VXLAN', 'VXLAN-GPE', 'Geneve', 'GTP-U', 'IPIP', 'L2TP', 'Teredo', 'WireGuard', 'ESP', 'MPLS-in-UDP', 'EoMPLS', 'AH', 'Ethernet-in-IP', 'MPLS-in-IP'], toString(kind));

CREATE OR REPLACE FUNCTION tcp_flags_text AS (flags) -> arrayStringConcat(arrayFilter((name, bit) -> bitTest(flags, bit), ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'], [0, 1, 2, 3, 4, 5, 6, 7]), ' ');

CREATE OR REPLACE FUNCTION auto_step AS (beginning, ending) -> multiIf(dateDiff('second', beginning, ending) <= 21600 AND beginning > now() - INTERVAL 89 DAY, 60, dateDiff('second', beginning, ending) <= 259200 AND beginning > now() - INTERVAL 179 DAY, 300, dateDiff('second', beginning, ending) <= 5356800 AND beginning > now() - INTERVAL 729 DAY, 3600, 86400);

CREATE OR REPLACE VIEW flows_auto AS
SELECT toUInt32(60) AS stepSeconds, flows_1m.minute AS time, agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort, tunnelKind, srcAs, dstAs, srcCountry, dstCountry, srcNetwork, dstNetwork, ifBoundary, agentSite, agentRole, flows, samples, packets, bytes, ipBytes, packetsVariance, bytesVariance
FROM flows_1m
WHERE auto_step({from:DateTime('UTC')}, {to:DateTime('UTC')}) = 60 AND flows_1m.minute >= toStartOfMinute({from:DateTime('UTC')}) AND flows_1m.minute < {to:DateTime('UTC')}
UNION ALL
SELECT toUInt32(300) AS stepSeconds, flows_5m.time AS time, agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort, tunnelKind, srcAs, dstAs, srcCountry, dstCountry, srcNetwork, dstNetwork, ifBoundary, agentSite, agentRole, flows, samples, packets, bytes, ipBytes, packetsVariance, bytesVariance
FROM flows_5m
WHERE auto_step({from:DateTime('UTC')}, {to:DateTime('UTC')}) = 300 AND flows_5m.time >= toStartOfFiveMinutes({from:DateTime('UTC')}) AND flows_5m.time < {to:DateTime('UTC')}
UNION ALL
SELECT toUInt32(3600) AS stepSeconds, flows_1h.time AS time, agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort, tunnelKind, srcAs, dstAs, srcCountry, dstCountry, srcNetwork, dstNetwork, ifBoundary, agentSite, agentRole, flows, samples, packets, bytes, ipBytes, packetsVariance, bytesVariance
FROM flows_1h
WHERE auto_step({from:DateTime('UTC')}, {to:DateTime('UTC')}) = 3600 AND flows_1h.time >= toStartOfHour({from:DateTime('UTC')}) AND flows_1h.time < {to:DateTime('UTC')}
UNION ALL
SELECT toUInt32(86400) AS stepSeconds, flows_1d.time AS time, agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort, tunnelKind, srcAs, dstAs, srcCountry, dstCountry, srcNetwork, dstNetwork, ifBoundary, agentSite, agentRole, flows, samples, packets, bytes, ipBytes, packetsVariance, bytesVariance
FROM flows_1d
WHERE auto_step({from:DateTime('UTC')}, {to:DateTime('UTC')}) = 86400 AND flows_1d.time >= toStartOfDay({from:DateTime('UTC')}) AND flows_1d.time < {to:DateTime('UTC')}
COMMENT 'flows_auto(from, to): the rollup that suits the range, by the minute up to 6 hours, 5 minutes up to 3 days, hour up to 62 days, else day; sum() the measures';

CREATE OR REPLACE VIEW interfaces_validity AS
SELECT *,
    leadInFrame(validFrom, 1, toDateTime64('2262-01-01 00:00:00', 9, 'UTC')) OVER (
        PARTITION BY agent, ifIndex ORDER BY validFrom ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS validTo
FROM (SELECT * FROM interfaces FINAL)
COMMENT 'interfaces with the time until which each row holds';

CREATE OR REPLACE VIEW interfaces_now AS
SELECT * EXCEPT validTo FROM interfaces_validity WHERE validTo > now64(9) AND validFrom <= now64(9) AND NOT removed
COMMENT 'What each interface is now';

CREATE OR REPLACE VIEW hosts_validity AS
SELECT agent, bootId, agentAddress, hostname, uuid, machineType, osRelease, cpus, memoryBytes,
    min(hosts.validFrom) AS validFrom, max(hosts.lastSeen) AS lastSeen
FROM hosts
GROUP BY agent, bootId, agentAddress, hostname, uuid, machineType, osRelease, cpus, memoryBytes
COMMENT 'hosts, one row for what a host was from validFrom to lastSeen';

CREATE OR REPLACE VIEW interface_rates AS
SELECT agent, ifIndex, ifName, ifSpeed, since, time, seconds,
    inBytes, inBytes * 8 / seconds AS inBitsPerSecond, inPacketCount, inPacketCount / seconds AS inPacketsPerSecond,
    outBytes, outBytes * 8 / seconds AS outBitsPerSecond, outPacketCount, outPacketCount / seconds AS outPacketsPerSecond,
    discards, errors,
    if(ifSpeed = 0, NULL, inBytes * 8 / seconds / ifSpeed) AS inUtilisation,
    if(ifSpeed = 0, NULL, outBytes * 8 / seconds / ifSpeed) AS outUtilisation
FROM
(
    SELECT agent, ifIndex, ifName, ifSpeed, time,
        any(time) OVER previous AS since,
        toFloat64(dateDiff('microsecond', since, time)) / 1e6 AS seconds,
        inOctets - any(inOctets) OVER previous AS inBytes,
        inPackets - any(inPackets) OVER previous AS inPacketCount,
        outOctets - any(outOctets) OVER previous AS outBytes,
        outPackets - any(outPackets) OVER previous AS outPacketCount,
        (inDiscards + outDiscards) - any(inDiscards + outDiscards) OVER previous AS discards,
        (inErrors + outErrors) - any(inErrors + outErrors) OVER previous AS errors,
        count() OVER previous AS earlier
    FROM interface_counters
    WHERE time >= {from:DateTime('UTC')} AND time < {to:DateTime('UTC')}
    WINDOW previous AS (PARTITION BY agent, bootId, ifIndex ORDER BY time ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING)
)
WHERE earlier = 1 AND seconds > 0 AND inBytes >= 0 AND outBytes >= 0
COMMENT 'interface_rates(from, to): what each interface counted between two readings';

CREATE OR REPLACE VIEW drop_rates AS
SELECT agent, reason, min(drops.time) AS since, max(drops.time) AS until,
    max(drops.packets) - min(drops.packets) AS packets, max(drops.buffers) - min(drops.buffers) AS buffers
FROM drops
WHERE time >= {from:DateTime('UTC')} AND time < {to:DateTime('UTC')}
GROUP BY agent, bootId, reason
COMMENT 'drop_rates(from, to): packets dropped by reason between the first and the last reading of each start of an agent';

CREATE OR REPLACE VIEW interface_traffic AS
SELECT points.agent AS agent, points.ifIndex AS ifIndex, points.ifName AS ifName, points.direction AS direction, points.rate AS rate,
    traffic.samples AS samples, traffic.packets AS packets, traffic.bytes AS bytes,
    greatest(0., traffic.packets - 1.96 * sqrt(traffic.packetsVariance)) AS packetsLow,
    if(traffic.samples = 0, 3. * points.rate, traffic.packets + 1.96 * sqrt(traffic.packetsVariance)) AS packetsHigh,
    greatest(0., traffic.bytes - 1.96 * sqrt(traffic.bytesVariance)) AS bytesLow,
    if(traffic.samples = 0, 3. * points.rate * (points.mtu + 18), traffic.bytes + 1.96 * sqrt(traffic.bytesVariance)) AS bytesHigh
FROM
(
    SELECT agent, ifIndex, name AS ifName, mtu, point.1 AS direction, point.2 AS rate
    FROM interfaces_validity
    ARRAY JOIN [('ingress', ingressRate), ('egress', egressRate)] AS point
    WHERE rate > 0 AND NOT removed AND validFrom < {to:DateTime('UTC')} AND validTo > {from:DateTime('UTC')}
    ORDER BY validFrom DESC
    LIMIT 1 BY agent, ifIndex, direction
) AS points
LEFT JOIN
(
    SELECT agent, ifIndex, toString(flows_auto.direction) AS direction, sum(flows_auto.samples) AS samples, sum(flows_auto.packets) AS packets,
        sum(flows_auto.bytes) AS bytes, sum(flows_auto.packetsVariance) AS packetsVariance, sum(flows_auto.bytesVariance) AS bytesVariance
    FROM flows_auto(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')}) AS flows_auto
    GROUP BY agent, ifIndex, direction
) AS traffic ON points.agent = traffic.agent AND points.ifIndex = traffic.ifIndex AND points.direction = traffic.direction
COMMENT 'interface_traffic(from, to): each measuring point that was sampled, also without one sample: then up to 3 N packets passed, with 95 percent confidence';
