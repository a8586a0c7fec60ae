// The Internet checksum (RFC 1071) over buffers, and its incremental update (RFC 1624).

/**
 * One's complement sum of big-endian 16-bit words; an odd last byte is padded with zero. Not yet
 * complemented or folded.
 */
export function checksumAdd(sum: number, bytes: Uint8Array, start = 0, end = bytes.length): number {
  let total = sum;
  let at = start;
  for (; at + 1 < end; at += 2) total += (bytes[at]! << 8) | bytes[at + 1]!;
  if (at < end) total += bytes[at]! << 8;
  return total;
}

/** Folds carries and complements: the value that goes on the wire. */
export function checksumFinish(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

/**
 * Checksum of the parts one after the other (each of even length but the last); 0 when a checksum inside
 * is right.
 */
export function internetChecksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) sum = checksumAdd(sum, part);
  return checksumFinish(sum);
}
