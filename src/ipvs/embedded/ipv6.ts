// IPv6 headers (RFC 8200): the fixed one, and the chain of extension headers up to the transport's, walked as
// IPVS walks it. Reads in place, decides nothing.

import { IPV6, PROTOCOL } from '../../core/ip-header.ts';
import { DROP } from './drops.ts';
import { readI32, readU16 } from './frame.ts';

const HEADER = { hopByHop: 0, routing: 43, authentication: 51, destination: 60 } as const;
/** Of a fragment header: the offset in units of 8 bytes, and whether more follow. */
const FRAGMENT = { offset: 2, id: 4, size: 8, offsetMask: 0xfff8, more: 1 } as const;
const EXTENSION_MIN = 8;
/** RFC 8200 §4.1 knows seven; whoever sends more keeps forwarders busy. */
const HEADERS_MAX = 8;
/** Nothing is wrong with it. */
const FINE = -1;

/** What the last walk has found: one for all, so that none is allocated. */
export const walked = {
  /** Of what follows the extension headers, or of what a later fragment belongs to. */
  protocol: 0,
  /** Where that begins. */
  at: 0,
  isFragment: false,
  isLaterFragment: false,
  fragmentId: 0,
};

/** From the header at `ip` on, to `end` at most; answers a drop reason, or −1 with {@link walked} filled. */
export function walkHeaders(bytes: Uint8Array, ip: number, end: number): number {
  let header = bytes[ip + IPV6.nextHeader]!;
  let at = ip + IPV6.size;
  walked.isFragment = false;
  walked.isLaterFragment = false;
  for (let count = 0; isExtension(header); count++) {
    if (count === HEADERS_MAX) return DROP['extension-headers'];
    if (at + EXTENSION_MIN > end) return DROP['bad-header'];
    const next = bytes[at]!;
    if (header === PROTOCOL.fragment) {
      const offset = readU16(bytes, at + FRAGMENT.offset);
      // A fragment that is all of its packet is none (RFC 6946).
      walked.isLaterFragment = (offset & FRAGMENT.offsetMask) !== 0;
      walked.isFragment = walked.isLaterFragment || (offset & FRAGMENT.more) !== 0;
      walked.fragmentId = readI32(bytes, at + FRAGMENT.id);
      at += FRAGMENT.size;
    } else if (header === HEADER.authentication) at += (bytes[at + 1]! + 2) * 4;
    else at += (bytes[at + 1]! + 1) * 8;
    header = next;
    if (at > end) return DROP['bad-header'];
    if (walked.isLaterFragment) break;
  }
  walked.protocol = header;
  walked.at = at;
  return FINE;
}

function isExtension(header: number): boolean {
  // What nearly all packets have comes first.
  if (header === PROTOCOL.tcp || header === PROTOCOL.udp) return false;
  return (
    header === HEADER.hopByHop ||
    header === HEADER.routing ||
    header === PROTOCOL.fragment ||
    header === HEADER.authentication ||
    header === HEADER.destination
  );
}
