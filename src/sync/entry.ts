// One connection as sync tells of it: the values of an entry, what its flags and states mean, and whether a
// receiver has any use for it. The bytes are wire.ts's and encode.ts's business.

/** IP_VS_CONN_F_*: bits of `flags` that mean something to a receiver. */
export const FLAG = {
  methodMask: 0x7,
  masquerade: 0,
  tunnel: 2,
  direct: 3,
  sync: 0x20,
  hashed: 0x40,
  noOutput: 0x80,
  inactive: 0x100,
  sequenceMask: 0x600,
  noClientPort: 0x800,
  template: 0x1000,
  onePacket: 0x2000,
} as const;

/** struct ip_vs_seq: how much longer than before a stream has become behind a sequence number. */
export type SequenceShift = { initial: number; delta: number; previousDelta: number };
type Common = {
  /** 0 for the template of a firewall mark. */
  protocol: number;
  flags: number;
  state: number;
  clientPort: number;
  virtualPort: number;
  serverPort: number;
  fwmark: number;
  /** The full timeout of the current state, not what is left of it; 0 = the receiver's own table. */
  timeoutSeconds: number;
  sequence?: { in: SequenceShift; out: SequenceShift };
  /** What a persistence engine knows the client by (sip: the Call-ID), 1 to 255 bytes. */
  peData?: Uint8Array;
  peName?: string;
};
/** IPv4 addresses are numbers, because tables of them are searched; IPv6 ones are 16 bytes. */
export type SyncEntry =
  | (Common & { family: 4; client: number; virtual: number; server: number })
  | (Common & { family: 6; client: Uint8Array; virtual: Uint8Array; server: Uint8Array });

/** Why an entry is left out although it is well formed: a receiver could do nothing with it. */
export type SkipReason = 'unknown-option' | 'protocol' | 'state' | 'pe-incomplete' | 'pe-name';

/** IP_VS_TCP_S_LAST, IP_VS_UDP_S_LAST, IP_VS_SCTP_S_LAST; a kernel drops what is not below without a word. */
const STATES = new Map([
  [6, 11],
  [17, 1],
  [132, 14],
]);
/** IP_VS_CTPL_S_LAST: none, assured. */
const TEMPLATE_STATES = 2;

/** A template may be of any protocol: that of a firewall mark has none. */
export function stateFault(protocol: number, state: number, flags: number): SkipReason | undefined {
  const isTemplate = (flags & FLAG.template) !== 0;
  const states = isTemplate ? TEMPLATE_STATES : STATES.get(protocol);
  if (states === undefined) return 'protocol';
  return state < states ? undefined : 'state';
}
