import { Layer, Tunnel } from '../decoded-header.ts';
import type { SeenLayer } from './tshark-fields.ts';

export interface ExpectedTunnel {
  /** None for headers that carry nothing. */
  kind: number;
  id: number | undefined;
  layer: number;
  /** Nothing behind it is to be read. */
  isLast: boolean;
}

const readers: Record<string, (layer: SeenLayer, layers: SeenLayer[], index: number) => ExpectedTunnel> = {
  gre: (layer, layers, index) => greTunnel(layer, layers[index + 1]),
  erspan: (layer) => tunnel(Tunnel.erspan, Layer.erspan, layer.span),
  vxlan: (layer, layers, index) => {
    const isGpe = layers[index - 1]?.dport === 4790;
    return tunnel(isGpe ? Tunnel.vxlanGpe : Tunnel.vxlan, Layer.vxlan, layer.vni);
  },
  geneve: (layer) => tunnel(Tunnel.geneve, Layer.geneve, layer.vni),
  gtp: (layer) =>
    layer.msg === 255
      ? tunnel(Tunnel.gtpu, Layer.gtpu, layer.teid)
      : { ...tunnel(Tunnel.none, Layer.gtpu), isLast: true },
  l2tp: (layer) => {
    if (layer.type === 1) return { ...tunnel(Tunnel.none, Layer.l2tp), isLast: true };
    const id = layer.sid ?? Number(layer.tunnel) * 65_536 + Number(layer.session);
    return tunnel(Tunnel.l2tp, Layer.l2tp, id);
  },
  teredo: () => tunnel(Tunnel.teredo, Layer.teredo),
  wg: (layer) => ({ ...tunnel(Tunnel.wireguard, Layer.wireguard, layer.receiver), isLast: true }),
  esp: (layer) => ({ ...tunnel(Tunnel.esp, Layer.esp, layer.spi), isLast: true }),
};

export function isTunnelLayer(kind: string): boolean {
  return kind in readers;
}

export function tunnelOf(layers: SeenLayer[], index: number): ExpectedTunnel {
  const layer = layers[index] as SeenLayer;
  return (readers[layer.l] as (typeof readers)[string])(layer, layers, index);
}

function tunnel(kind: number, layer: number, id?: number | string): ExpectedTunnel {
  return { kind, layer, id: id === undefined ? undefined : Number(id), isLast: false };
}

function greTunnel(gre: SeenLayer, next: SeenLayer | undefined): ExpectedTunnel {
  if (next?.l === 'erspan' || gre.proto === 0) return tunnel(Tunnel.none, Layer.gre);
  if (gre.ver === 1)
    return gre.s === 1
      ? tunnel(Tunnel.gre, Layer.gre, gre.call_id)
      : { ...tunnel(Tunnel.none, Layer.gre), isLast: true };
  const key = gre.k === 1 ? Number(gre.key) : undefined;
  const subnet = (key ?? 0) >>> 8;
  // RFC 7637 5.1: what is no virtual subnet is a plain key.
  const isNvgre = gre.proto === 0x6558 && !gre.c && !gre.s && subnet >= 0x1000 && subnet <= 0xfffffe;
  return isNvgre ? tunnel(Tunnel.nvgre, Layer.gre, subnet) : tunnel(Tunnel.gre, Layer.gre, key);
}
