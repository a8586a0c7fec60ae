// One step of a hash of words: good enough to spread and to compare, no protection against anybody.

export function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
