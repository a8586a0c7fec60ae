// Classic BPF programs: the kernel drops what a packet socket is not there for, before it is copied. Makes
// instructions (opcodes of <linux/filter.h>) and hands programs to a socket.
import { pointerTo, SO, SOL, setsockopt } from './libc.ts';

export const CODE = {
  loadWord: 0x20,
  loadHalf: 0x28,
  loadByte: 0x30,
  /** A, from where X points to. */
  loadWordFromX: 0x40,
  loadByteFromX: 0x50,
  set: 0x00,
  setX: 0x01,
  moveToX: 0x07,
  /** Into the scratch memory, and back. */
  store: 0x02,
  recallX: 0x61,
  jumpEqual: 0x15,
  jumpEqualX: 0x1d,
  /** When any of the bits is. */
  jumpSet: 0x45,
  return: 0x06,
} as const;
const INSTRUCTION = 8;
const EVERYTHING = 0x40000;

/** struct sock_filter; jumps count instructions after the next one. */
export function instruction(code: number, ifTrue: number, ifFalse: number, operand: number): Buffer {
  const bytes = Buffer.alloc(INSTRUCTION);
  bytes.writeUInt16LE(code, 0);
  bytes[2] = ifTrue;
  bytes[3] = ifFalse;
  bytes.writeUInt32LE(operand >>> 0, 4);
  return bytes;
}

export const PASS = instruction(CODE.return, 0, 0, EVERYTHING);
export const DROP = instruction(CODE.return, 0, 0, 0);

/** Instead of the program that is there. */
export function attachProgram(fd: number, program: Buffer): void {
  const fprog = Buffer.alloc(16);
  fprog.writeUInt16LE(program.length / INSTRUCTION, 0);
  fprog.writeBigUInt64LE(pointerTo(program), 8);
  setsockopt(fd, SOL.SOCKET, SO.ATTACH_FILTER, fprog);
}
