// By what a connection is known: the parts of an entry that tell one from another, as in the kernel's table.
// Words are in the machine's order: they are only compared and mixed.
import { mix } from './mix.ts';
import type { EntryStore } from './store.ts';
import { ENTRY_V4, ENTRY_V6 } from './wire.ts';

/** Type, protocol; of the flags the template's; client and virtual port and address. */
const MASK_BYTES_V4 = [255, 255, 0, 0, 0, 0, 0x10, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const wordsOf = (bytes: number[]) => new Int32Array(new Uint8Array(bytes).buffer);
const FIXED = wordsOf(MASK_BYTES_V4);
const ADDRESSES_AT = FIXED.length;
const TYPE_IPV6 = wordsOf([1, 0, 0, 0])[0]!;
const TEMPLATE = wordsOf([0, 0, 0x10, 0])[0]!;
const ADDRESS_WORDS = { ipv4: 2, ipv6: 8 };
/** Where options begin. */
const OPTIONS_AT = { ipv4: ENTRY_V4 / 4, ipv6: ENTRY_V6 / 4 };

/** 32 bits, of the entry of `size` bytes in `words`. */
export function hashKey(words: Int32Array, size: number, seed: number): number {
  let hash = seed;
  for (let index = 0; index < ADDRESSES_AT; index++)
    if (FIXED[index] !== 0) hash = mix(hash, words[index]! & FIXED[index]!);
  const family = familyOf(words);
  const end = ADDRESSES_AT + ADDRESS_WORDS[family];
  for (let index = ADDRESSES_AT; index < end; index++) hash = mix(hash, words[index]!);
  if (hasEngineData(words, size))
    for (let at = OPTIONS_AT[family]; 4 * at < size; at++) hash = mix(hash, words[at]!);
  return (hash ^ (hash >>> 16)) | 0;
}

/** Is the connection of the scratch entry, of `size` bytes, the one in `slot`? */
export function hasKey(store: EntryStore, slot: number, size: number): boolean {
  const words = store.scratch;
  for (let index = 0; index < ADDRESSES_AT; index++)
    if (((store.word(slot, index) ^ words[index]!) & FIXED[index]!) !== 0) return false;
  const family = familyOf(words);
  const end = ADDRESSES_AT + ADDRESS_WORDS[family];
  for (let index = ADDRESSES_AT; index < end; index++)
    if (store.word(slot, index) !== words[index]) return false;
  if ((words[1]! & TEMPLATE) === 0) return true;
  if (store.size(slot) !== size) return false;
  for (let at = OPTIONS_AT[family]; 4 * at < size; at++) if (store.word(slot, at) !== words[at]) return false;
  return true;
}

function familyOf(words: Int32Array): 'ipv4' | 'ipv6' {
  return (words[0]! & TYPE_IPV6) === 0 ? 'ipv4' : 'ipv6';
}

/** A template of a persistence engine is one of many of its client: the data tells them apart. */
function hasEngineData(words: Int32Array, size: number): boolean {
  return (words[1]! & TEMPLATE) !== 0 && size > 4 * OPTIONS_AT[familyOf(words)];
}
