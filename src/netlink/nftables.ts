// Messages of nf_tables over nfnetlink: one table of ours, made anew as a whole, so that there is never half
// of it. Rules are lists of expressions, as the kernel has them. Numbers of <linux/netfilter/nf_tables.h>.
import { type Address, addressBytes, familyOf } from '../core/address.ts';
import {
  align,
  bytes,
  decodeAttributes,
  encodeAttributes,
  type Fields,
  type Kind,
  nested,
  type Schema,
  schema,
  text,
  u32be,
  type Values,
} from './attributes.ts';
import { type Message, NLM_F, type Request } from './message.ts';

export const NETLINK_NETFILTER = 12;
const SUBSYSTEM = 10;
const BATCH = { BEGIN: 0x10, END: 0x11 } as const;
export const MSG = {
  NEWTABLE: 0,
  GETTABLE: 1,
  DELTABLE: 2,
  NEWCHAIN: 3,
  NEWRULE: 6,
  GETRULE: 7,
  NEWSET: 9,
  NEWSETELEM: 12,
  GETSETELEM: 13,
  DELSETELEM: 14,
  GETGEN: 16,
} as const;
/** NFPROTO_…; INET: both families in one table. */
export const TABLE_FAMILY = { INET: 1, IPV4: 2, IPV6: 10 } as const;
const { INET } = TABLE_FAMILY;
export const HOOK = { INPUT: 1, OUTPUT: 3 } as const;
/** RETURN: NFT_RETURN, -5. */
export const VERDICT = { DROP: 0, ACCEPT: 1, RETURN: 0xfffffffb } as const;
const META = { MARK: 3, IN_NAME: 6, OUT_NAME: 7, SOCKET_USER: 10, FAMILY: 15, PROTOCOL: 16 } as const;
const OPERATION = { EQ: 0, NEQ: 1 } as const;
const BASE = { NETWORK: 1, TRANSPORT: 2 } as const;
/** Where the destination is. */
const DESTINATION = { 4: { offset: 16, length: 4 }, 6: { offset: 24, length: 16 } } as const;
/** Of TCP, UDP and SCTP. */
const DESTINATION_PORT = { offset: 2, length: 2 } as const;
const FAMILY = { 4: 2, 6: 10 } as const;
const PROTOCOL = { IGMP: 2, ICMPV6: 58 } as const;
const NAME_SIZE = 16;
/** The first and the second of 16 bytes; FIRST_WORDS: the first as four of 4 bytes. */
const REGISTER = { VERDICT: 0, FIRST: 1, SECOND: 2, FIRST_WORDS: 8 } as const;
// struct nfgenmsg: family, version, and the subsystem in network order.
const HEADER = { family: 0, subsystem: 2, size: 4 } as const;

/** Attributes of one number each: what nf_tables calls a list. */
export function elements<T>(item: Kind<T>): Kind<readonly T[]> {
  const one = schema({ element: { id: 1, kind: item } });
  const sizeOf = (value: T) => encodeAttributes(one, { element: value }).length;
  return {
    nested: true,
    size: (values) => values.reduce((sum, value) => sum + align(sizeOf(value)), 0),
    write(values, to, start) {
      let at = start;
      for (const value of values) at += encodeAttributes(one, { element: value }).copy(to, at);
    },
    read: () => undefined,
  };
}

/** `notes`: not the kernel's; libnftnl keeps a comment there: type 0, length, text with a final zero. */
const TABLE = schema({ name: { id: 1, kind: text }, notes: { id: 6, kind: bytes } });
const COMMENT = 0;
const CHAIN_HOOK = schema({ number: { id: 1, kind: u32be }, priority: { id: 2, kind: u32be } });
const CHAIN = schema({
  table: { id: 1, kind: text },
  name: { id: 3, kind: text },
  hook: { id: 4, kind: nested(CHAIN_HOOK) },
  policy: { id: 5, kind: u32be },
  type: { id: 7, kind: text },
});
const CODE = schema({ code: { id: 1, kind: u32be } });
const DATA = schema({ value: { id: 1, kind: bytes }, verdict: { id: 2, kind: nested(CODE) } });
const META_DATA = schema({
  to: { id: 1, kind: u32be },
  key: { id: 2, kind: u32be },
  from: { id: 3, kind: u32be },
});
const LOOKUP_DATA = schema({
  set: { id: 1, kind: text },
  from: { id: 2, kind: u32be },
  to: { id: 3, kind: u32be },
});
const PAYLOAD_DATA = schema({
  to: { id: 1, kind: u32be },
  base: { id: 2, kind: u32be },
  offset: { id: 3, kind: u32be },
  length: { id: 4, kind: u32be },
});
const COMPARE_DATA = schema({
  from: { id: 1, kind: u32be },
  operation: { id: 2, kind: u32be },
  data: { id: 3, kind: nested(DATA) },
});
const IMMEDIATE_DATA = schema({ to: { id: 1, kind: u32be }, data: { id: 2, kind: nested(DATA) } });
const NOTHING = schema({});
export const EXPRESSION = schema({
  name: { id: 1, kind: text },
  data: { id: 2, kind: { ...bytes, nested: true } },
});
export type Expression = Values<typeof EXPRESSION extends Schema<infer F> ? F : never>;
const RULE = schema({
  table: { id: 1, kind: text },
  chain: { id: 2, kind: text },
  expressions: { id: 4, kind: elements(nested(EXPRESSION)) },
});

export type Rule = { chain: string; expressions: readonly Expression[] };
export type Chain = { name: string; hook: number; priority: number };
/** `mark`: what ours bear. */
export type Table = { table: string; mark: string; family?: number };

/** What a transaction stands between. */
export const BEGIN = frame('NFNL_MSG_BATCH_BEGIN', BATCH.BEGIN);
export const END = frame('NFNL_MSG_BATCH_END', BATCH.END);

/** A transaction: whatever is there of that name makes place for this. */
export function replaceTable(
  of: Table,
  chains: readonly Chain[],
  rules: readonly Rule[],
  /** What the rules need. */
  parts: readonly Request[] = [],
): Request[] {
  const { table: name, mark, family = INET } = of;
  const comment = Buffer.from(`${mark}\0`, 'latin1');
  const notes = Buffer.concat([Buffer.of(COMMENT, comment.length), comment]);
  return [
    ...removeTable(name, family),
    message(`table ${name}`, MSG.NEWTABLE, TABLE, { name, notes }, { family }),
    ...parts,
    ...chains.map((chain) => newChain(of, chain)),
    ...rules.map(({ chain, expressions }) =>
      message(
        `rule of ${chain}`,
        MSG.NEWRULE,
        RULE,
        { table: name, chain, expressions },
        { flags: NLM_F.CREATE | NLM_F.APPEND, family },
      ),
    ),
  ];
}

/** Made first, because what is not there cannot be removed. */
export function removeTable(name: string, family: number = INET): Request[] {
  return [
    message(`table ${name}`, MSG.NEWTABLE, TABLE, { name }, { family }),
    message(`no table ${name}`, MSG.DELTABLE, TABLE, { name }, { family, flags: 0 }),
  ];
}

/** Refused with ENOENT when there is none. */
export function getTable(name: string, family: number = INET): Request {
  return message(`table ${name}?`, MSG.GETTABLE, TABLE, { name }, { family, flags: 0 });
}
/** The mark of {@link replaceTable} in the answer to {@link getTable}. */
export function markOf(answer: Buffer): string | undefined {
  const decoded = decodeAttributes(TABLE, answer.subarray(HEADER.size));
  const notes = decoded.ok ? decoded.value.notes : undefined;
  if (notes === undefined || notes.length < 2 || notes[0] !== COMMENT) return undefined;
  return Buffer.from(notes.subarray(2, 2 + notes[1]! - 1)).toString('latin1');
}

export function isThrough(device: string): Expression[] {
  return isMeta(META.OUT_NAME, deviceName(device));
}
export function isFrom(device: string): Expression[] {
  return isMeta(META.IN_NAME, deviceName(device));
}
/** A socket of the machine, and another user's: those of the kernel itself are nobody's. */
export function isOfAnotherUser(uid: number): Expression[] {
  const value = Buffer.alloc(4);
  value.writeUInt32LE(uid);
  const load = expression('meta', META_DATA, { to: REGISTER.FIRST, key: META.SOCKET_USER });
  return [load, isUnequal(value)];
}
export function isIgmp(): Expression[] {
  return isMeta(META.PROTOCOL, Buffer.of(PROTOCOL.IGMP));
}
export function isIcmpv6(type: number): Expression[] {
  const isType = isPayload(BASE.TRANSPORT, 0, Buffer.of(type));
  return [...isMeta(META.PROTOCOL, Buffer.of(PROTOCOL.ICMPV6)), ...isType];
}
export function isTo(address: Address): Expression[] {
  const family = familyOf(address);
  const { offset } = DESTINATION[family];
  return [
    ...isMeta(META.FAMILY, Buffer.of(FAMILY[family])),
    ...isPayload(BASE.NETWORK, offset, addressBytes(address)),
  ];
}
export function counter(): Expression {
  return expression('counter', NOTHING, {});
}
export function verdict(code: number): Expression {
  const data = { verdict: { code } };
  return expression('immediate', IMMEDIATE_DATA, { to: REGISTER.VERDICT, data });
}

/**
 * Of the packets of a protocol those whose destination address and port are in a map get the mark that is
 * there; they are through then.
 */
export function setMark(
  { protocol, family, map }: { protocol: number; family: 4 | 6; map: string },
  counters: boolean,
): Expression[] {
  const { offset, length } = DESTINATION[family];
  const { FIRST, SECOND, FIRST_WORDS } = REGISTER;
  // One behind the other, as the map has them.
  const behind = family === 4 ? FIRST_WORDS + 1 : SECOND;
  return [
    ...isMeta(META.PROTOCOL, Buffer.of(protocol)),
    expression('payload', PAYLOAD_DATA, { to: FIRST, base: BASE.NETWORK, offset, length }),
    expression('payload', PAYLOAD_DATA, { to: behind, base: BASE.TRANSPORT, ...DESTINATION_PORT }),
    expression('lookup', LOOKUP_DATA, { set: map, from: FIRST, to: FIRST }),
    expression('meta', META_DATA, { key: META.MARK, from: FIRST }),
    ...(counters ? [counter()] : []),
    verdict(VERDICT.RETURN),
  ];
}

function newChain({ table, family = INET }: Table, { name, hook, priority }: Chain): Request {
  const at = { number: hook, priority: priority >>> 0 };
  const values = { table, name, hook: at, policy: VERDICT.ACCEPT, type: 'filter' };
  return message(`chain ${name}`, MSG.NEWCHAIN, CHAIN, values, { family });
}

function deviceName(device: string): Buffer {
  const name = Buffer.alloc(NAME_SIZE);
  name.write(device, 'latin1');
  return name;
}
function isMeta(key: number, value: Buffer): Expression[] {
  return [expression('meta', META_DATA, { to: REGISTER.FIRST, key }), isEqual(value)];
}
function isPayload(base: number, offset: number, value: Buffer): Expression[] {
  const where = { to: REGISTER.FIRST, base, offset, length: value.length };
  return [expression('payload', PAYLOAD_DATA, where), isEqual(value)];
}
function isEqual(value: Buffer): Expression {
  return expression('cmp', COMPARE_DATA, { from: REGISTER.FIRST, operation: OPERATION.EQ, data: { value } });
}
function isUnequal(value: Buffer): Expression {
  return expression('cmp', COMPARE_DATA, { from: REGISTER.FIRST, operation: OPERATION.NEQ, data: { value } });
}
export function expression<F extends Fields>(name: string, of: Schema<F>, values: Values<F>): Expression {
  return { name, data: encodeAttributes(of, values) };
}

export function message<F extends Fields>(
  name: string,
  type: number,
  of: Schema<F>,
  values: Values<F>,
  { flags = NLM_F.CREATE, family = INET }: { flags?: number; family?: number } = {},
): Request {
  const payload = encodeAttributes(of, values, HEADER.size);
  payload.writeUInt8(family, HEADER.family);
  return { name: `nf_tables ${name}`, type: (SUBSYSTEM << 8) | type, flags, payload };
}
/** What is behind the header of an answer; undefined = it is not what it should be. */
export function answerOf<F extends Fields>(of: Schema<F>, { payload }: Message): Values<F> | undefined {
  const decoded = decodeAttributes(of, payload.subarray(HEADER.size));
  return decoded.ok ? decoded.value : undefined;
}
function frame(name: string, type: number): Request {
  const payload = Buffer.alloc(HEADER.size);
  payload.writeUInt16BE(SUBSYSTEM, HEADER.subsystem);
  return { name, type, flags: 0, payload };
}
