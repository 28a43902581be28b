import type { LinkType } from '../decode.ts';

/**
 * @param number LINKTYPE_… of pcap and pcapng, https://www.tcpdump.org/linktypes.html
 * @returns undefined for link types that this library does not decode
 */
export function linkTypeOf(number: number): LinkType | undefined {
  switch (number) {
    // NULL, LOOP
    case 0:
    case 108:
      return 'null';
    case 1:
      return 'ethernet';
    // PPP, PPP_HDLC
    case 9:
    case 50:
      return 'ppp';
    // RAW as some systems wrote it; RAW, IPV4, IPV6
    case 12:
    case 14:
    case 101:
    case 228:
    case 229:
      return 'ip';
    // C_HDLC
    case 104:
      return 'chdlc';
    case 113:
      return 'linux-sll';
    case 239:
      return 'nflog';
    case 276:
      return 'linux-sll2';
    default:
      return undefined;
  }
}
