// The lab's traffic, run inside a namespace: `node traffic.ts server` and `node traffic.ts client JSON`. Ends with stdin;
// a client then prints what it sent as raw frames. Steady and bounded: a few thousand packets a second in all.

import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { openPacketSocket } from 'libbpf-ts/packet-socket.ts';
import { buildTaggedFrame, type TaggedFrame } from './frames.ts';

export interface ClientPlan {
  ifName: string;
  /** Of the server. */
  address4: string;
  address6: string;
  localAddress4: string;
  srcMac: string;
  dstMac: string;
  /** Times the usual amount. */
  scale: number;
}

const PORT = { upload: 8080, download: 443, video: 5004, dns: 53, tagged: 5005 } as const;
const TICK_MS = 20;
const CHUNK = Buffer.alloc(64 << 10, 'tcxflow lab ');

/** Takes uploads, answers downloads (the request says how many bytes every TICK_MS), drops video, answers DNS-like queries. */
function serve(): () => void {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()); // the client went away
    socket.on('close', () => sockets.delete(socket));
  };
  const upload = createServer((socket) => {
    keep(socket);
    socket.resume();
  }).listen(PORT.upload, '::');
  const download = createServer((socket) => {
    keep(socket);
    socket.once('data', (request) => paced(socket, Number(request.toString())));
  }).listen(PORT.download, '::');
  const video = createSocket('udp6').bind(PORT.video, '::');
  const dns = createSocket('udp6').bind(PORT.dns, '::');
  dns.on('message', (query, from) => dns.send(Buffer.concat([query, Buffer.alloc(90)]), from.port, from.address));
  return () => {
    for (const socket of sockets) socket.destroy();
    for (const server of [upload, download]) server.close();
    for (const socket of [video, dns]) socket.close();
  };
}

/** Writes so many bytes every tick, as long as the other side takes them. */
function paced(socket: Socket, bytesPerTick: number): void {
  const timer = setInterval(() => {
    if (socket.writableLength < CHUNK.length) socket.write(CHUNK.subarray(0, Math.min(bytesPerTick, CHUNK.length)));
  }, TICK_MS);
  socket.on('close', () => clearInterval(timer));
}

function runClient(plan: ClientPlan): () => void {
  const sockets: Socket[] = [];
  const timers: NodeJS.Timeout[] = [];
  const every = (ms: number, work: () => void) => timers.push(setInterval(work, ms / plan.scale));

  const upload = connect(PORT.upload, plan.address4, () => paced(upload, 20_000 * plan.scale));
  const download4 = connect(PORT.download, plan.address4, () =>
    download4.write(String(Math.round(50_000 * plan.scale))),
  );
  const download6 = connect(PORT.download, plan.address6, () =>
    download6.write(String(Math.round(30_000 * plan.scale))),
  );
  sockets.push(upload, download4, download6);
  for (const socket of sockets) {
    socket.resume();
    socket.on('error', (error) => process.stderr.write(`lab client: ${error.message}\n`));
  }
  const udp4 = createSocket('udp4');
  const udp6 = createSocket('udp6');
  every(5, () => udp4.send(CHUNK.subarray(0, 1200), PORT.video, plan.address4));
  every(50, () => udp4.send(CHUNK.subarray(0, 40), PORT.dns, plan.address4));
  every(80, () => udp6.send(CHUNK.subarray(0, 46), PORT.dns, plan.address6));
  const pings: ChildProcess[] = [plan.address4, plan.address6].map((address) =>
    spawn('ping', ['-q', '-n', '-i', '0.2', address], { stdio: 'ignore' }),
  );

  const raw = openPacketSocket(plan.ifName);
  const common: Omit<TaggedFrame, 'tags' | 'payloadBytes'> = {
    srcMac: plan.srcMac,
    dstMac: plan.dstMac,
    srcAddress: plan.localAddress4,
    dstAddress: plan.address4,
    srcPort: 40_000,
    dstPort: PORT.tagged,
  };
  const tagged = buildTaggedFrame({ ...common, tags: [{ tpid: 0x8100, vlanId: 100, priority: 3 }], payloadBytes: 500 });
  const doubleTagged = buildTaggedFrame({
    ...common,
    tags: [
      { tpid: 0x88a8, vlanId: 200 },
      { tpid: 0x8100, vlanId: 300 },
    ],
    payloadBytes: 200,
  });
  const sent = { packets: 0, bytes: 0 };
  const sendRaw = (frame: Buffer) => {
    if (!raw.send(frame)) return;
    sent.packets++;
    sent.bytes += frame.length;
  };
  every(20, () => sendRaw(tagged));
  every(100, () => sendRaw(doubleTagged));

  return () => {
    for (const timer of timers) clearInterval(timer);
    for (const ping of pings) ping.kill('SIGINT');
    for (const socket of sockets) socket.destroy();
    udp4.close();
    udp6.close();
    raw.close();
    process.stdout.write(`${JSON.stringify(sent)}\n`);
  };
}

const [role, plan] = process.argv.slice(2);
const stop = role === 'server' ? serve() : runClient(JSON.parse(plan ?? '{}') as ClientPlan);
process.stdin.on('close', stop);
process.stdin.resume();
process.on('SIGINT', () => undefined); // Ctrl-C reaches the whole terminal; we end with our parent
