// Texts of /proc as Linux 6.18 gave them on a virtual machine of two CPUs; the line of interrupts, /proc/meminfo and
// /proc/vmstat are shortened.

export const STAT = `cpu  154641 0 34056 447506 1972 0 1454 89 0 0
cpu0 76367 0 15235 227413 261 0 432 40 0 0
cpu1 78274 0 18821 220092 1711 0 1021 49 0 0
intr 6558800 0 0 0 0 0 1 1 13 0 646 256 0 65 1 711149 0 41505 32616 0 2402 6154 1 0 0
ctxt 15298124
btime 1795560523
processes 75714
procs_running 4
procs_blocked 0
softirq 3625592 0 217278 278 1934311 711131 0 14 367858 529 394193
`;

export const LOADAVG = '0.04 0.33 0.87 2/93 10802\n';

export const UPTIME = '3231.48 4475.06\n';

export const CPUINFO = `processor	: 0
vendor_id	: AuthenticAMD
cpu family	: 26
model		: 2
model name	: AMD EPYC
stepping	: 1
microcode	: 0x1000065
cpu MHz		: 2596.122
cache size	: 1024 KB
bogomips	: 5192.24

processor	: 1
cpu MHz		: 1200.000
`;

export const MEMINFO = `MemTotal:       24684084 kB
MemFree:        23914684 kB
MemAvailable:   24125000 kB
Buffers:            9468 kB
Cached:           120892 kB
SwapCached:            0 kB
Active:            23896 kB
Inactive:         240996 kB
Active(anon):       1588 kB
Inactive(anon):   149836 kB
SwapTotal:       2097148 kB
SwapFree:        2097144 kB
Dirty:              1272 kB
Shmem:             16888 kB
KReclaimable:     381376 kB
Slab:             419788 kB
SReclaimable:     381376 kB
SUnreclaim:        38412 kB
VmallocTotal:   34359738367 kB
HugePages_Total:       0
Hugepagesize:       2048 kB
DirectMap1G:    25165824 kB
`;

export const VMSTAT = `nr_free_pages 2288354
nr_shmem 4222
pgpgin 9517665
pgpgout 13085480
pswpin 12
pswpout 345
pgfault 53749923
`;

export const DISKSTATS = `   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
   7       1 loop1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
 254       0 vda 408027 36490 19035330 454505 495883 143142 26170960 115424 0 50456 580686 68967 48 9766840 6107 120737 4648
 253       0 zram0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
`;

export const MOUNTINFO = `22 27 0:21 / /proc rw,relatime - proc proc rw
23 27 0:22 / /sys rw,relatime - sysfs sysfs rw
24 27 0:6 / /dev rw,relatime - devtmpfs devtmpfs rw,size=12334460k,nr_inodes=3083615,mode=755
25 24 0:23 / /dev/shm rw,relatime - tmpfs tmpfs rw,size=24684084k
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard,resv_strict,resuid=65534,resgid=65534
42 27 254:0 /run/netns /run/netns rw,relatime shared:1 - ext4 /dev/vda rw,discard,resv_strict,resuid=65534,resgid=65534
43 42 0:4 net:[4026532384] /run/netns/lab rw shared:2 - nsfs nsfs rw
`;

export const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 556623142  718522    0    0    0     0          0         0 556623142  718522    0    0    0     0       0          0
  ifb0:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
  eth0: 2439067851   58997    0    0    0     0          0         0  4560888   39565    0    0    0     0       0          0
`;

export const SNMP = `Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates OutTransmits
Ip: 2 64 777508 0 0 0 0 0 777508 758065 0 0 0 0 0 0 0 0 0 758065
Icmp: InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs InRedirects InEchos InEchoReps InTimestamps InTimestampReps InAddrMasks InAddrMaskReps OutMsgs OutErrors OutRateLimitGlobal OutRateLimitHost OutDestUnreachs OutTimeExcds OutParmProbs OutSrcQuenchs OutRedirects OutEchos OutEchoReps OutTimestamps OutTimestampReps OutAddrMasks OutAddrMaskReps
Icmp: 239054 0 0 238814 0 0 0 0 120 120 0 0 0 0 239053 0 0 0 238813 0 0 0 0 120 120 0 0 0 0
IcmpMsg: InType0 InType3 InType8 OutType0 OutType3 OutType8
IcmpMsg: 120 238814 120 120 238813 120
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
Tcp: 1 200 120000 -1 6516 2120 4028 21 0 284547 265124 7 0 4282 0
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors
Udp: 15094 238813 0 253911 0 0 0 0 0
UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors
UdpLite: 0 0 0 0 0 0 0 0 0
`;
