// A message of before SampleBatch had lostOnWay: fastavro 1.13 wrote it with schemas/released/sample-batch.v1/2026-11-25.avsc.

/** Agent a, one sample of 2026-07-25 of eth0, egress, whose header bytes are 60 00. */
export const oldRawBatch = Buffer.from(
  'c30174e0b73c8f2ff7ee026100000000000000000000ffffc0000201000102030405060708090a0b0c0d0e0f02' +
    'aab4f2b6de82ccc531ffffffffffffffffff01f403020408657468300202d00f1480e80706020000000002000' +
    '20ac801020278ba9b04000e04600000',
  'hex',
);
