import { formatAddress, formatMac } from '../address.ts';
import { type DecodedHeader, Field, Layer } from '../decoded-header.ts';
import type { Expected } from './expectation.ts';

/** The record with addresses as tshark writes them, and names of the sets' members in place of bits. */
export function readable(out: DecodedHeader): Record<string, unknown> {
  return {
    ...out,
    srcMac: out.srcMac === 0 ? 0 : formatMac(out.srcMac),
    dstMac: out.dstMac === 0 ? 0 : formatMac(out.dstMac),
    innerSrcMac: out.innerSrcMac === 0 ? 0 : formatMac(out.innerSrcMac),
    innerDstMac: out.innerDstMac === 0 ? 0 : formatMac(out.innerDstMac),
    srcAddress: formatAddress(out.srcAddress),
    dstAddress: formatAddress(out.dstAddress),
    outerSrcAddress: formatAddress(out.outerSrcAddress),
    outerDstAddress: formatAddress(out.outerDstAddress),
    labels: [...out.mplsLabels.subarray(0, out.mplsDepth)].join(' '),
    layers: names(Layer, (bit) => hasLayer(out, bit)),
    fields: names(Field, (bit) => (out.fields & (1 << bit)) !== 0),
  };
}

export function wanted(expected: Expected): Record<string, unknown> {
  const values = { ...expected.values };
  for (const name of ['srcMac', 'dstMac', 'innerSrcMac', 'innerDstMac'])
    if (values[name] === '00:00:00:00:00:00') values[name] = 0;
  return {
    ...values,
    stop: expected.stop,
    stopLayer: expected.stopLayer,
    labels: expected.labels.join(' '),
    layers: names(Layer, (bit) => expected.layers.has(bit)),
    fields: names(Field, (bit) => expected.fields.has(bit)),
  };
}

/** @returns what differs, as text */
export function differences(out: DecodedHeader, want: Record<string, unknown>): string[] {
  const seen = readable(out);
  return Object.entries(want)
    .filter(([name, value]) => seen[name] !== value)
    .map(([name, value]) => `${name} is ${seen[name]}, tshark has ${value}`);
}

export function hasLayer(out: DecodedHeader, layer: number): boolean {
  return ((layer < 31 ? out.layers >>> layer : out.moreLayers >>> (layer - 31)) & 1) !== 0;
}

function names(numbers: Record<string, number>, has: (bit: number) => boolean): string {
  // The segment size has no place in expected.jsonl: it is compared on its own.
  const members = Object.entries(numbers).filter(([name, bit]) => name !== 'none' && name !== 'mss' && has(bit));
  return members.map(([name]) => name).join(' ');
}
