// Runs packet filters: the few instructions that ours use.

/** How much of the frame the program passes: 0 = none. As in the kernel what is too short is dropped. */
export function passed(program: Buffer, frame: Buffer, hasVlanTag = false): number {
  let accumulator = 0;
  for (let at = 0; ; at++) {
    const code = program.readUInt16LE(at * 8);
    const operand = program.readUInt32LE(at * 8 + 4);
    const size = { 32: 4, 40: 2, 48: 1 }[code];
    if (code === 0x06) return operand;
    else if (code === 0x20 && operand === 0xfffff030) accumulator = hasVlanTag ? 1 : 0;
    else if (size !== undefined && operand + size > frame.length) return 0;
    else if (size !== undefined) accumulator = frame.readUIntBE(operand, size);
    else if (code === 0x15) at += program[at * 8 + (accumulator === operand ? 2 : 3)]!;
    else throw new Error(`unknown instruction ${code}`);
  }
}
