// What a route wraps packets in: RTA_ENCAP_TYPE and RTA_ENCAP. <linux/lwtunnel.h>, <linux/mpls_iptunnel.h>,
// <linux/ila.h>. Does no input or output.
import type { Encapsulation } from '../core/route.ts';
import {
  decodeAttributes,
  encodeAttributes,
  inetAddress,
  type Kind,
  schema,
  u8,
  u16be,
} from './attributes.ts';

/** enum lwtunnel_encap_types */
export const ENCAPSULATIONS = { mpls: 1, ip: 2, ila: 3, ip6: 4 } as const;

const LABEL_SIZE = 4;
/** RFC 3032: 20 bits of label, 3 of class, the bottom of the stack, 8 of TTL. */
const LABEL_SHIFT = 12;
const BOTTOM = 0x100;
const labels: Kind<readonly number[]> = {
  size: (stack) => stack.length * LABEL_SIZE,
  write: (stack, to, at) => {
    for (const [index, label] of stack.entries()) {
      const bottom = index === stack.length - 1 ? BOTTOM : 0;
      to.writeUInt32BE(label * 2 ** LABEL_SHIFT + bottom, at + index * LABEL_SIZE);
    }
  },
  read: (payload) => {
    const stack = Array.from({ length: Math.floor(payload.length / LABEL_SIZE) }, (_, index) =>
      payload.readUInt32BE(index * LABEL_SIZE),
    );
    return stack.map((entry) => entry >>> LABEL_SHIFT);
  },
};
/** In decimal. */
export const u64be: Kind<string> = {
  size: () => 8,
  write: (value, to, at) => void to.writeBigUInt64BE(BigInt(value), at),
  read: (payload) => (payload.length < 8 ? undefined : payload.readBigUInt64BE(0).toString()),
};
/** Four hexadecimal parts, as iproute2 has it. */
const locator: Kind<string> = {
  size: () => 8,
  write: (value, to, at) => {
    for (const [index, part] of value.split(':').entries())
      to.writeUInt16BE(Number(`0x${part}`), at + 2 * index);
  },
  read: (payload) =>
    payload.length < 8
      ? undefined
      : [0, 2, 4, 6].map((at) => payload.readUInt16BE(at).toString(16)).join(':'),
};

const MPLS = schema({ labels: { id: 1, kind: labels } });
const ILA = schema({ locator: { id: 1, kind: locator } });
const IP = schema({
  id: { id: 1, kind: u64be },
  to: { id: 2, kind: inetAddress },
  from: { id: 3, kind: inetAddress },
  ttl: { id: 4, kind: u8 },
  tos: { id: 5, kind: u8 },
  flags: { id: 6, kind: u16be },
});

/** The payload of RTA_ENCAP. */
export function encodeEncapsulation(encapsulation: Encapsulation): Buffer {
  if (encapsulation.kind === 'mpls') return encodeAttributes(MPLS, { labels: encapsulation.labels });
  if (encapsulation.kind === 'ila') return encodeAttributes(ILA, { locator: encapsulation.locator });
  const { kind: _, ...values } = encapsulation;
  return encodeAttributes(IP, values);
}

/** Undefined when it is none of ours. */
export function decodeEncapsulation(type: number, payload: Buffer): Encapsulation | undefined {
  switch (type) {
    case ENCAPSULATIONS.mpls: {
      const decoded = decodeAttributes(MPLS, payload);
      return decoded.ok && decoded.value.labels ? { kind: 'mpls', labels: decoded.value.labels } : undefined;
    }
    case ENCAPSULATIONS.ila: {
      const decoded = decodeAttributes(ILA, payload);
      return decoded.ok && decoded.value.locator
        ? { kind: 'ila', locator: decoded.value.locator }
        : undefined;
    }
    case ENCAPSULATIONS.ip:
    case ENCAPSULATIONS.ip6: {
      const decoded = decodeAttributes(IP, payload);
      const kind = type === ENCAPSULATIONS.ip ? 'ip' : 'ip6';
      return decoded.ok ? ({ kind, ...decoded.value } as Encapsulation) : undefined;
    }
    default:
      return undefined;
  }
}
