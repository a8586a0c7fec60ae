// Maps of nf_tables from destination address and port, both of them ranges, to a firewall mark: messages that
// make and change them, and that ask what is there. They look as keepalived's do: `ip NAME`, `ip6 NAME`, in
// each a chain `in` and a map for each protocol.
import { type Address, addressBytes, addressFromBytes, type Family } from '../core/address.ts';
import type { Protocol } from '../core/forwarding.ts';
import { SERVICE_PROTOCOL } from '../core/ip-header.ts';
import { bytes, list, nested, schema, text, u32be, u64 } from './attributes.ts';
import { type Message, NLM_F, type Request } from './message.ts';
import {
  answerOf,
  counter,
  EXPRESSION,
  elements,
  HOOK,
  MSG,
  message,
  replaceTable,
  setMark,
  TABLE_FAMILY,
} from './nftables.ts';

/** Both ends belong to it. */
type Entry = { first: Address; last: Address; lowPort: number; highPort: number; mark: number };
type NftMap = { protocol: Protocol; entries: readonly Entry[] };

const CHAIN = 'in';
const OF = { 4: TABLE_FAMILY.IPV4, 6: TABLE_FAMILY.IPV6 } as const;
const FLAGS = { INTERVAL: 0x4, MAP: 0x8, CONCAT: 0x80 } as const;
/** What nft calls types; the kernel only keeps them. */
const TYPE = { 4: 7, 6: 8, port: 13, mark: 19, bits: 6 } as const;
const LENGTH = { 4: 4, 6: 16, port: 2, mark: 4, padding: 2 } as const;
/** libnftnl's NFTNL_UDATA_SET_DATABYTEORDER: type, length, a number. */
const NOTE = { dataOrder: 1, size: 4, hostOrder: 1 } as const;
/** An attribute has less than 64 KiB. */
const AT_ONCE = 500;

const FIELD = schema({ length: { id: 1, kind: u32be } });
const DESCRIPTION = schema({ concat: { id: 2, kind: elements(nested(FIELD)) } });
const SET = schema({
  table: { id: 1, kind: text },
  name: { id: 2, kind: text },
  flags: { id: 3, kind: u32be },
  keyType: { id: 4, kind: u32be },
  keyLength: { id: 5, kind: u32be },
  dataType: { id: 6, kind: u32be },
  dataLength: { id: 7, kind: u32be },
  description: { id: 9, kind: nested(DESCRIPTION) },
  /** Any number: it is called by its name. */
  id: { id: 10, kind: u32be },
  /** Not the kernel's; nft keeps there how a value is to be shown. */
  notes: { id: 13, kind: bytes },
  /** What each entry has of its own. */
  expression: { id: 17, kind: nested(EXPRESSION) },
});
const DATA = schema({ value: { id: 1, kind: bytes } });
const ELEMENT = schema({
  key: { id: 1, kind: nested(DATA) },
  data: { id: 2, kind: nested(DATA) },
  keyEnd: { id: 10, kind: nested(DATA) },
});
const ELEMENTS = schema({
  table: { id: 1, kind: text },
  set: { id: 2, kind: text },
  elements: { id: 3, kind: list(nested(ELEMENT)) },
});
const RULE = schema({
  table: { id: 1, kind: text },
  chain: { id: 2, kind: text },
  handle: { id: 3, kind: u64 },
});
const GENERATION = schema({ id: { id: 1, kind: u32be } });

export function tableFamily(family: Family): number {
  return OF[family];
}

/** A transaction: what was there of that name and family makes place for it. */
export function replaceMaps(
  { table, mark, family, priority, counters }: Place & { mark: string; priority: number; counters: boolean },
  maps: readonly NftMap[],
): Request[] {
  const chains = [{ name: CHAIN, hook: HOOK.INPUT, priority }];
  const rules = maps.map(({ protocol }) => ({
    chain: CHAIN,
    expressions: setMark({ protocol: SERVICE_PROTOCOL[protocol], family, map: nameOf(protocol) }, counters),
  }));
  const parts = maps.flatMap(({ protocol, entries }, index) => [
    newMap({ table, family }, protocol, index + 1, counters),
    ...addEntries({ table, family }, protocol, entries),
  ]);
  return replaceTable({ table, mark, family: OF[family] }, chains, rules, parts);
}

type Place = { table: string; family: Family };

function newMap({ table, family }: Place, protocol: Protocol, id: number, counters: boolean): Request {
  const length = LENGTH[family];
  const values = {
    table,
    name: nameOf(protocol),
    flags: FLAGS.INTERVAL | FLAGS.MAP | FLAGS.CONCAT,
    keyType: (TYPE[family] << TYPE.bits) | TYPE.port,
    keyLength: length + LENGTH.port + LENGTH.padding,
    dataType: TYPE.mark,
    dataLength: LENGTH.mark,
    description: { concat: [{ length }, { length: LENGTH.port }] },
    id,
    notes: Buffer.of(NOTE.dataOrder, NOTE.size, NOTE.hostOrder, 0, 0, 0),
    ...(counters ? { expression: counter() } : {}),
  };
  return message(`map ${nameOf(protocol)}`, MSG.NEWSET, SET, values, { family: OF[family] });
}

export function addEntries(place: Place, protocol: Protocol, entries: readonly Entry[]): Request[] {
  return portions(place, protocol, entries, MSG.NEWSETELEM, NLM_F.CREATE);
}
export function removeEntries(place: Place, protocol: Protocol, entries: readonly Entry[]): Request[] {
  return portions(place, protocol, entries, MSG.DELSETELEM, 0);
}

function portions(
  { table, family }: Place,
  protocol: Protocol,
  entries: readonly Entry[],
  type: number,
  flags: number,
): Request[] {
  const requests: Request[] = [];
  for (let at = 0; at < entries.length; at += AT_ONCE) {
    const part = entries.slice(at, at + AT_ONCE).map(elementOf);
    const values = { table, set: nameOf(protocol), elements: part };
    const name = `entries of ${nameOf(protocol)}`;
    requests.push(message(name, type, ELEMENTS, values, { flags, family: OF[family] }));
  }
  return requests;
}

/** keepalived's. */
function nameOf(protocol: Protocol): string {
  return `${protocol.toLowerCase()}_map`;
}

function elementOf({ first, last, lowPort, highPort, mark }: Entry) {
  const value = Buffer.alloc(LENGTH.mark);
  value.writeUInt32LE(mark);
  return {
    key: { value: keyOf(first, lowPort) },
    keyEnd: { value: keyOf(last, highPort) },
    data: { value },
  };
}

function keyOf(address: Address, port: number): Buffer {
  const own = addressBytes(address);
  const key = Buffer.alloc(own.length + LENGTH.port + LENGTH.padding);
  own.copy(key);
  key.writeUInt16BE(port, own.length);
  return key;
}

/** Refused with ENOENT where there is no such map. */
export function dumpEntries({ table, family }: Place, protocol: Protocol): Request {
  const values = { table, set: nameOf(protocol) };
  const how = { flags: NLM_F.DUMP, family: OF[family] };
  return message(`entries of ${nameOf(protocol)}?`, MSG.GETSETELEM, ELEMENTS, values, how);
}
/** Undefined: they are not all of the form that ours have. */
export function decodeEntries(answer: Message, family: Family): Entry[] | undefined {
  const found = answerOf(ELEMENTS, answer)?.elements ?? [];
  const entries: Entry[] = [];
  for (const { key, keyEnd = key, data } of found) {
    const [from, to, mark] = [key?.value, keyEnd?.value, data?.value];
    const length = LENGTH[family] + LENGTH.port;
    if (from === undefined || to === undefined || mark?.length !== LENGTH.mark) return undefined;
    if (from.length < length || to.length < length) return undefined;
    entries.push({
      first: addressFromBytes(from.subarray(0, LENGTH[family])),
      last: addressFromBytes(to.subarray(0, LENGTH[family])),
      lowPort: from.readUInt16BE(LENGTH[family]),
      highPort: to.readUInt16BE(LENGTH[family]),
      mark: mark.readUInt32LE(),
    });
  }
  return entries;
}

/** No answer where there is no such chain. */
export function dumpRules({ table, family }: Place): Request {
  const values = { table, chain: CHAIN };
  return message(`rules of ${table}?`, MSG.GETRULE, RULE, values, { flags: NLM_F.DUMP, family: OF[family] });
}
/** Another one whenever a rule is made, also in the place of another. */
export function decodeHandle(answer: Message): bigint | undefined {
  return answerOf(RULE, answer)?.handle;
}

/** Another one after each transaction, whoever's it is. */
export function getGeneration(): Request {
  return message('generation?', MSG.GETGEN, schema({}), {}, { flags: 0 });
}
export function decodeGeneration(answer: Message): number | undefined {
  return answerOf(GENERATION, answer)?.id;
}
