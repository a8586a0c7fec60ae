// Requests that add and remove policy rules, and what the kernel tells of them. Does no input or output.
// struct fib_rule_hdr and FRA_* of <linux/fib_rules.h>.
import type { Family, Prefix } from '../core/address.ts';
import { RULE_ACTIONS, type Rule, ruleName } from '../core/rule.ts';
import {
  type Decoded,
  decodeAttributes,
  encodeAttributes,
  inetAddress,
  type Kind,
  schema,
  text,
  u8,
  u32,
} from './attributes.ts';
import { u64be } from './encapsulation.ts';
import { type Message, NLM_F, type Request } from './message.ts';
import { networkOf } from './route-message.ts';

/** Of messages. */
const RTM_RULE = { NEW: 32, DEL: 33 } as const;
const AT = {
  family: 0,
  toLength: 1,
  fromLength: 2,
  tos: 3,
  table: 4,
  action: 7,
  flags: 8,
  size: 12,
} as const;
const AF = { 4: 2, 6: 10 } as const;
const FIB_RULE_INVERT = 2;

type Range = readonly [number, number];
const users: Kind<Range> = {
  size: () => 8,
  write: ([first, last], to, at) => {
    to.writeUInt32LE(first, at);
    to.writeUInt32LE(last, at + 4);
  },
  read: (payload) => (payload.length < 8 ? undefined : [payload.readUInt32LE(0), payload.readUInt32LE(4)]),
};
const ports: Kind<Range> = {
  size: () => 4,
  write: ([first, last], to, at) => {
    to.writeUInt16LE(first, at);
    to.writeUInt16LE(last, at + 2);
  },
  read: (payload) => (payload.length < 4 ? undefined : [payload.readUInt16LE(0), payload.readUInt16LE(2)]),
};
const ATTRIBUTES = schema({
  to: { id: 1, kind: inetAddress },
  from: { id: 2, kind: inetAddress },
  in: { id: 3, kind: text },
  goto: { id: 4, kind: u32 },
  priority: { id: 6, kind: u32 },
  mark: { id: 10, kind: u32 },
  realms: { id: 11, kind: u32 },
  tunnel: { id: 12, kind: u64be },
  suppressGroup: { id: 13, kind: u32 },
  suppressLength: { id: 14, kind: u32 },
  table: { id: 15, kind: u32 },
  mask: { id: 16, kind: u32 },
  out: { id: 17, kind: text },
  ofVrf: { id: 19, kind: u8 },
  users: { id: 20, kind: users },
  origin: { id: 21, kind: u8 },
  ipProtocol: { id: 22, kind: u8 },
  sourcePorts: { id: 23, kind: ports },
  destinationPorts: { id: 24, kind: ports },
});

/** A rule that is there is EEXIST. */
export function addRule(rule: Rule): Request {
  const flags = NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL;
  return { name: `RTM_NEWRULE ${ruleName(rule)}`, type: RTM_RULE.NEW, flags, payload: encode(rule) };
}
/** None of this very kind is ENOENT. */
export function deleteRule(rule: Rule): Request {
  const name = `RTM_DELRULE ${ruleName(rule)}`;
  return { name, type: RTM_RULE.DEL, flags: NLM_F.ACK, payload: encode(rule) };
}

function encode(rule: Rule): Buffer {
  const { family: _, action, not, from, to, tos, ofVrf, untracked: __, ...rest } = rule;
  const payload = encodeAttributes(
    ATTRIBUTES,
    {
      ...rest,
      to: to === undefined || to.length === 0 ? undefined : networkOf(to),
      from: from === undefined || from.length === 0 ? undefined : networkOf(from),
      ofVrf: ofVrf ? 1 : undefined,
    },
    AT.size,
  );
  payload.writeUInt8(AF[rule.family], AT.family);
  payload.writeUInt8(to?.length ?? 0, AT.toLength);
  payload.writeUInt8(from?.length ?? 0, AT.fromLength);
  payload.writeUInt8(tos ?? 0, AT.tos);
  payload.writeUInt8(rule.table !== undefined && rule.table < 256 ? rule.table : 0, AT.table);
  payload.writeUInt8(RULE_ACTIONS[action], AT.action);
  payload.writeUInt32LE(not ? FIB_RULE_INVERT : 0, AT.flags);
  return payload;
}

/** Of a request, and of an answer or event of the kernel, which names its defaults, too. */
export function decodeRule({ type, payload }: Pick<Message, 'type' | 'payload'>): Decoded<Rule> {
  if (type !== RTM_RULE.NEW && type !== RTM_RULE.DEL) return { ok: false, drop: 'unexpected-type' };
  if (payload.length < AT.size) return { ok: false, drop: 'header-truncated' };
  const decoded = decodeAttributes(ATTRIBUTES, payload.subarray(AT.size));
  if (!decoded.ok) return decoded;
  const { to, from, ofVrf, origin, ...rest } = decoded.value;
  const family = familyNumber(payload.readUInt8(AT.family));
  const number = payload.readUInt8(AT.action);
  const action = (Object.keys(RULE_ACTIONS) as Rule['action'][]).find(
    (name) => RULE_ACTIONS[name] === number,
  );
  if (family === undefined || action === undefined) return { ok: false, drop: 'unexpected-type' };
  const tos = payload.readUInt8(AT.tos);
  const isInverted = (payload.readUInt32LE(AT.flags) & FIB_RULE_INVERT) !== 0;
  const fromPrefix = prefixOf(from, payload.readUInt8(AT.fromLength));
  const toPrefix = prefixOf(to, payload.readUInt8(AT.toLength));
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return {
    ok: true,
    value: {
      family,
      action,
      ...Object.fromEntries(given),
      ...(isInverted ? { not: true } : {}),
      ...(fromPrefix === undefined ? {} : { from: fromPrefix }),
      ...(toPrefix === undefined ? {} : { to: toPrefix }),
      ...(tos === 0 ? {} : { tos }),
      ...(ofVrf === undefined || ofVrf === 0 ? {} : { ofVrf: true }),
      origin: origin ?? 0,
    },
  };
}

function familyNumber(number: number): Family | undefined {
  if (number === AF[4]) return 4;
  return number === AF[6] ? 6 : undefined;
}

/** Length 0 is everywhere: no prefix. */
function prefixOf(address: Prefix['address'] | undefined, length: number): Prefix | undefined {
  return address === undefined || length === 0 ? undefined : { address, length };
}
