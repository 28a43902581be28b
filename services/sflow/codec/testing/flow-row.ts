// What the collectors' helpers have in common.

/** One flow as a collector shows it. */
export interface FlowRow {
  /** Whom the collector takes for the sender: pmacct the agent address, nfdump the UDP source. */
  exporter: string;
  /** Of nfdump only. */
  subAgentId: number | null;
  sourceAddress: string;
  destinationAddress: string;
  protocol: number;
  /** 0 for ICMP. */
  sourcePort: number;
  destinationPort: number;
  vlan: number;
  input: number;
  output: number;
  /** pmacct: samples; nfdump: their sampling rates. */
  packets: number;
  /** pmacct: sum of frame_length; nfdump: times the sampling rate. */
  bytes: number;
  /** Of pmacct only; nfdump has multiplied it in. */
  samplingRate: number | null;
}

export interface Collector {
  /** UDP, on 127.0.0.1. */
  port: number;
  /** Ends it after it has read all that was sent; rejects when it complained about anything. */
  stop(): Promise<FlowRow[]>;
}

const ICMP_PROTOCOLS = [1, 58];

/** Each collector has its own idea of the ports of ICMP. */
export function portOf(protocol: number, port: number): number {
  return ICMP_PROTOCOLS.includes(protocol) ? 0 : port;
}
