// hsiphash as 64-bit kernels have it (include/linux/siphash.h): SipHash-1-3 over one 32-bit word, cut to 32
// bits. mh's tables are made of it. Public domain algorithm of Aumasson and Bernstein. In halves of 32 bits:
// a hash is made for each connection of mh, and BigInt would allocate a dozen numbers for it.

/** "somepseudorandomlygeneratedbytes": v0 to v3, each as its high and its low half. */
const INITIAL = Int32Array.of(
  0x736f6d65,
  0x70736575,
  0x646f7261,
  0x6e646f6d,
  0x6c796765,
  0x6e657261,
  0x74656462,
  0x79746573,
);
const V = { v0: 0, v1: 2, v2: 4, v3: 6 } as const;
/** How many bytes are hashed, in the top byte of the last word. */
const LENGTH = 4 << 24;
const FINAL = 0xff;
const FINAL_ROUNDS = 3;

const v = new Int32Array(INITIAL.length);

function add(to: number, other: number): void {
  const low = (v[to + 1]! >>> 0) + (v[other + 1]! >>> 0);
  v[to] = v[to]! + v[other]! + (low > 0xffffffff ? 1 : 0);
  v[to + 1] = low;
}

function rotate(at: number, bits: number): void {
  const high = v[at]!;
  const low = v[at + 1]!;
  v[at] = bits === 32 ? low : (high << bits) | (low >>> (32 - bits));
  v[at + 1] = bits === 32 ? high : (low << bits) | (high >>> (32 - bits));
}

function mix(into: number, other: number): void {
  v[into] = v[into]! ^ v[other]!;
  v[into + 1] = v[into + 1]! ^ v[other + 1]!;
}

function addRotateMix(sum: number, other: number, bits: number): void {
  add(sum, other);
  rotate(other, bits);
  mix(other, sum);
}

function round(): void {
  addRotateMix(V.v0, V.v1, 13);
  rotate(V.v0, 32);
  addRotateMix(V.v2, V.v3, 16);
  addRotateMix(V.v0, V.v3, 21);
  addRotateMix(V.v2, V.v1, 17);
  rotate(V.v2, 32);
}

/** `key` is the low half of both halves of the key; their high halves are zero, as in mh. Unsigned. */
export function hsiphash(word: number, key: number): number {
  for (let at = 0; at < v.length; at++) v[at] = INITIAL[at]! ^ (at % 2 === 0 ? 0 : key);
  v[V.v3] = v[V.v3]! ^ LENGTH;
  v[V.v3 + 1] = v[V.v3 + 1]! ^ word;
  round();
  v[V.v0] = v[V.v0]! ^ LENGTH;
  v[V.v0 + 1] = v[V.v0 + 1]! ^ word;
  v[V.v2 + 1] = v[V.v2 + 1]! ^ FINAL;
  for (let i = 0; i < FINAL_ROUNDS; i++) round();
  return (v[V.v0 + 1]! ^ v[V.v1 + 1]! ^ v[V.v2 + 1]! ^ v[V.v3 + 1]!) >>> 0;
}
