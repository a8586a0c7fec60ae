// Which packets are answers about addresses that were asked for, as programs for the sockets that hear them:
// the thread that adverts come from is not woken by what the neighbours of anybody else say.
import { type Address, addressBytes, type Family, familyOf } from '../../core/address.ts';
import { CODE, DROP, instruction, PASS } from '../bpf.ts';

/** Each costs two instructions of at most 4096. */
const ADDRESSES_MAX = 1000;
/** Where an answer says what it is, and about which address (the end of it), from what its socket sees on. */
const ANSWERS = {
  4: { load: CODE.loadHalf, kindAt: 20, kind: 2, addressAt: 28 }, // Ethernet header, ARP reply
  6: { load: CODE.loadByte, kindAt: 0, kind: 136, addressAt: 20 }, // ICMPv6 header, neighbour advertisement
} as const;

/** What is compared: the last four bytes. Who has the same in another address is told apart later. */
export function wordOf(value: Address): number {
  return addressBytes(value).readUInt32BE(familyOf(value) === 4 ? 0 : 12);
}

/** With too many addresses for a program every answer passes. */
export function answersAbout(family: Family, words: ReadonlySet<number>): Buffer {
  const { load, kindAt, kind, addressAt } = ANSWERS[family];
  const isAnswer = [
    instruction(load, 0, 0, kindAt),
    instruction(CODE.jumpEqual, 1, 0, kind),
    DROP,
    instruction(CODE.loadWord, 0, 0, addressAt),
  ];
  if (words.size > ADDRESSES_MAX) return Buffer.concat([...isAnswer, PASS]);
  const tests = [...words].flatMap((word) => [instruction(CODE.jumpEqual, 0, 1, word), PASS]);
  return Buffer.concat([...isAnswer, ...tests, DROP]);
}
