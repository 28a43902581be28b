// Independent collectors, for tests of anything that emits sFlow. They need no root and write below a given folder.

export type { Collector, FlowRow } from './flow-row.ts';
export { type Goflow2, startGoflow2 } from './goflow2.ts';
export { findProgram, sendUdp, skipWithout } from './processes.ts';
export { type Sfacctd, startSfacctd } from './sfacctd.ts';
export { startSfcapd } from './sfcapd.ts';
export { type Dissection, dissectWithTshark } from './tshark.ts';

/** Programs and the Debian packages that hold them. */
export const TSHARK = { tshark: 'tshark' };
export const SFCAPD = { sfcapd: 'nfdump-sflow', nfdump: 'nfdump' };
export const SFACCTD = { sfacctd: 'pmacct' };
