// Stamps: what a Lamport clock says, of entries and of orders. 64 bits on the wire, of which fewer are used:
// they are exact as numbers.

/** Two clocks may be added: beyond it numbers are not exact any more. */
export const CLOCK_MAX = 2 ** 51;
export const STAMP_BYTES = 8;
const UINT32 = 2 ** 32;

export function writeStamp(stamp: number, bytes: Buffer, at: number): void {
  bytes.writeUInt32BE(Math.floor(stamp / UINT32), at);
  bytes.writeUInt32BE(stamp % UINT32, at + 4);
}

export function readStamp(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * UINT32 + bytes.readUInt32BE(at + 4);
}
