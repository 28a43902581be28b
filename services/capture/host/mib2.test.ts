import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMib2 } from './mib2.ts';
import { COUNTER_MAX } from './proc-text.ts';
import { mangled, throughCodec } from './testing/hostile.ts';
import { SNMP } from './testing/texts.ts';

const NOTHING = { ip: null, icmp: null, tcp: null, udp: null };

test('every field has the number under its name', () => {
  assert.deepEqual(parseMib2(SNMP), {
    ip: {
      forwarding: 2,
      defaultTTL: 64,
      inReceives: 777_508,
      inHdrErrors: 0,
      inAddrErrors: 0,
      forwDatagrams: 0,
      inUnknownProtos: 0,
      inDiscards: 0,
      inDelivers: 777_508,
      outRequests: 758_065,
      outDiscards: 0,
      outNoRoutes: 0,
      reasmTimeout: 0,
      reasmReqds: 0,
      reasmOKs: 0,
      reasmFails: 0,
      fragOKs: 0,
      fragFails: 0,
      fragCreates: 0,
    },
    icmp: {
      inMsgs: 239_054,
      inErrors: 0,
      inDestUnreachs: 238_814,
      inTimeExcds: 0,
      inParamProbs: 0,
      inSrcQuenchs: 0,
      inRedirects: 0,
      inEchos: 120,
      inEchoReps: 120,
      inTimestamps: 0,
      inAddrMasks: 0,
      inAddrMaskReps: 0,
      outMsgs: 239_053,
      outErrors: 0,
      outDestUnreachs: 238_813,
      outTimeExcds: 0,
      outParamProbs: 0,
      outSrcQuenchs: 0,
      outRedirects: 0,
      outEchos: 120,
      outEchoReps: 120,
      outTimestamps: 0,
      outTimestampReps: 0,
      outAddrMasks: 0,
      outAddrMaskReps: 0,
    },
    tcp: {
      rtoAlgorithm: 1,
      rtoMinMs: 200,
      rtoMaxMs: 120_000,
      maxConn: -1,
      activeOpens: 6516,
      passiveOpens: 2120,
      attemptFails: 4028,
      estabResets: 21,
      currEstab: 0,
      inSegs: 284_547,
      outSegs: 265_124,
      retransSegs: 7,
      inErrs: 0,
      outRsts: 4282,
      inCsumErrors: 0,
    },
    udp: {
      inDatagrams: 15_094,
      noPorts: 238_813,
      inErrors: 0,
      outDatagrams: 253_911,
      rcvbufErrors: 0,
      sndbufErrors: 0,
      inCsumErrors: 0,
    },
  });
});

/** Every column has its own number, so that one taken for another shows. */
const OLD_ICMP = `Icmp: InMsgs InErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs InRedirects InEchos InEchoReps InTimestamps InTimestampReps InAddrMasks InAddrMaskReps OutMsgs OutErrors OutDestUnreachs OutTimeExcds OutParmProbs OutSrcQuenchs OutRedirects OutEchos OutEchoReps OutTimestamps OutTimestampReps OutAddrMasks OutAddrMaskReps
Icmp: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
`;
const NEW_ICMP = `Icmp: InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs InRedirects InEchos InEchoReps InTimestamps InTimestampReps InAddrMasks InAddrMaskReps OutMsgs OutErrors OutRateLimitGlobal OutRateLimitHost OutDestUnreachs OutTimeExcds OutParmProbs OutSrcQuenchs OutRedirects OutEchos OutEchoReps OutTimestamps OutTimestampReps OutAddrMasks OutAddrMaskReps
Icmp: 1 2 901 3 4 5 6 7 8 9 10 11 12 13 14 15 902 903 16 17 18 19 20 21 22 23 24 25 26
`;

test('columns that kernels put between others shift nothing: old and new ones mean the same', () => {
  const expected = {
    inMsgs: 1,
    inErrors: 2,
    inDestUnreachs: 3,
    inTimeExcds: 4,
    inParamProbs: 5,
    inSrcQuenchs: 6,
    inRedirects: 7,
    inEchos: 8,
    inEchoReps: 9,
    inTimestamps: 10, // and 11 are InTimestampReps, which sFlow does not have
    inAddrMasks: 12,
    inAddrMaskReps: 13,
    outMsgs: 14,
    outErrors: 15,
    outDestUnreachs: 16,
    outTimeExcds: 17,
    outParamProbs: 18,
    outSrcQuenchs: 19,
    outRedirects: 20,
    outEchos: 21,
    outEchoReps: 22,
    outTimestamps: 23,
    outTimestampReps: 24,
    outAddrMasks: 25,
    outAddrMaskReps: 26,
  };
  assert.deepEqual(parseMib2(OLD_ICMP).icmp, expected);
  assert.deepEqual(parseMib2(NEW_ICMP).icmp, expected);
});

test('columns in another order, unknown ones and groups in another order do not matter', () => {
  const { udp, tcp } = parseMib2(
    'Quic: A B\nQuic: 1 2\nUdp: Größe NoPorts InDatagrams\nUdp: 7 8 9\nTcp: InSegs\nTcp: 3\n',
  );
  assert.partialDeepStrictEqual(udp, { inDatagrams: 9, noPorts: 8, outDatagrams: null });
  assert.partialDeepStrictEqual(tcp, { inSegs: 3, maxConn: null });
});

test('UdpLite is not Udp, and IcmpMsg not Icmp', () => {
  assert.deepEqual(parseMib2('UdpLite: InDatagrams\nUdpLite: 5\nIcmpMsg: InMsgs\nIcmpMsg: 6\n'), NOTHING);
});

test('names without numbers, numbers without names, and fewer numbers than names leave the rest unknown', () => {
  assert.deepEqual(parseMib2(undefined), NOTHING);
  assert.deepEqual(parseMib2('Ip: InReceives\nTcp: InSegs\nTcp: 1'), NOTHING);
  assert.deepEqual(parseMib2('Udp: 1 2 3\n\nUdp: InDatagrams\n'), NOTHING);
  assert.deepEqual(parseMib2('Udp: New1 New2\nUdp: 1 2\n'), NOTHING);
  assert.deepEqual(parseMib2('Udp: InDatagrams NoPorts InErrors OutDatagrams\nUdp: 1 x -\n').udp, {
    inDatagrams: 1,
    noPorts: null,
    inErrors: null,
    outDatagrams: null,
    rcvbufErrors: null,
    sndbufErrors: null,
    inCsumErrors: null,
  });
});

test('names of JavaScript’s own are names like others', () => {
  const { udp } = parseMib2('Udp: __proto__ constructor InDatagrams\nUdp: 1 2 3\n');
  assert.equal(udp?.inDatagrams, 3);
  assert.deepEqual(parseMib2('__proto__: a\n__proto__: 1\nconstructor: a\nconstructor: 1\n'), NOTHING);
});

test('huge numbers stop where the schema does', () => {
  const { tcp } = parseMib2(
    'Tcp: MaxConn InSegs OutSegs\nTcp: -99999999999999999999 18446744073709551615 4294967296\n',
  );
  assert.partialDeepStrictEqual(tcp, { maxConn: -COUNTER_MAX, inSegs: COUNTER_MAX, outSegs: 4_294_967_296 });
});

test('cut and mangled files never throw, and what is read of them fits the schema', () => {
  for (const text of mangled(SNMP)) throughCodec(parseMib2(text));
});
