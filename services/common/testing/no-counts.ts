/** The counters of a measuring point that has seen nothing: of SourceState. */
export const noCounts = {
  packets: 0,
  buffers: 0,
  bytes: 0,
  selected: 0,
  ringFull: 0,
  copyFailed: 0,
  own: 0,
  ownSelected: 0,
  lostOnWay: 0,
};
