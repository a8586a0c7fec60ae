// The checksum of SCTP (RFC 9260 §6.8 and appendix A): CRC-32C over the whole packet with a checksum of zero,
// least significant byte first. No addresses are in it, so only another port makes it another one.
import { SCTP } from './sctp.ts';

/** Castagnoli's polynomial, reflected. */
const POLYNOMIAL = 0x82f63b78;
const BYTES = 256;
/** Four tables: four bytes are taken in one step. */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(4 * BYTES);
  for (let byte = 0; byte < BYTES; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : POLYNOMIAL);
    tables[byte] = crc;
  }
  for (let at = BYTES; at < tables.length; at++) {
    const before = tables[at - BYTES]!;
    tables[at] = (before >>> 8) ^ tables[before & 0xff]!;
  }
  return tables;
}

function update(crc: number, bytes: Uint8Array, start: number, end: number): number {
  let rest = crc;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    rest ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    rest =
      TABLES[3 * BYTES + (rest & 0xff)]! ^
      TABLES[2 * BYTES + ((rest >>> 8) & 0xff)]! ^
      TABLES[BYTES + ((rest >>> 16) & 0xff)]! ^
      TABLES[rest >>> 24]!;
  }
  for (; at < end; at++) rest = (rest >>> 8) ^ TABLES[(rest ^ bytes[at]!) & 0xff]!;
  return rest;
}

const NONE = new Uint8Array(4);

/** Of the SCTP packet at `at`, signed. */
export function sctpChecksum(bytes: Uint8Array, at: number, end: number): number {
  const head = update(-1, bytes, at, at + SCTP.checksum);
  return ~update(update(head, NONE, 0, 4), bytes, at + SCTP.size, end);
}

/** Signed, as {@link sctpChecksum}. */
export function readSctpChecksum(bytes: Uint8Array, at: number): number {
  const field = at + SCTP.checksum;
  return bytes[field]! | (bytes[field + 1]! << 8) | (bytes[field + 2]! << 16) | (bytes[field + 3]! << 24);
}

export function finishSctp(bytes: Uint8Array, at: number, end: number): void {
  const sum = sctpChecksum(bytes, at, end);
  for (let i = 0; i < 4; i++) bytes[at + SCTP.checksum + i] = sum >>> (8 * i);
}
