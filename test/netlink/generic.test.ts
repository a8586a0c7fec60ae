// The generic netlink controller: the request for a family and the kernel's answer.
import { expect, test } from 'vitest';
import { schema, u32 } from '../../src/netlink/attributes.ts';
import { decodeFamily, decodeGeneric, encodeGeneric, familyRequest } from '../../src/netlink/generic.ts';
import type { Message } from '../../src/netlink/message.ts';

// Captured from Linux 6.18: the controller describes itself.
const NLCTRL =
  '010200000b0002006e6c6374726c000006000100100000000800030002000000080004000000000008000500000000002c000600' +
  '140001000800010003000000080002000e00000014000200080001000a000000080002000c0000001c0007001800010008000200' +
  '100000000b0001006e6f746966790000';
const answer = (payload: Buffer, type = 0x10): Message => ({ type, flags: 0, sequence: 1, port: 0, payload });

test('a family with its multicast groups', () => {
  expect(decodeFamily(answer(Buffer.from(NLCTRL, 'hex')))).toEqual({
    ok: true,
    value: { id: 0x10, name: 'nlctrl', version: 2, groups: new Map([['notify', 0x10]]) },
  });
});

test('the request names the family', () => {
  expect(familyRequest('IPVS').payload.toString('hex')).toBe('03020000' + '09000200' + '4950565300000000');
});

test('answers that are none', () => {
  const golden = Buffer.from(NLCTRL, 'hex');
  expect(decodeFamily(answer(golden, 0x11))).toEqual({ ok: false, drop: 'unexpected-type' });
  expect(decodeFamily(answer(golden.subarray(0, 3)))).toEqual({ ok: false, drop: 'header-truncated' });
  expect(decodeFamily(answer(golden.subarray(0, 4)))).toEqual({ ok: false, drop: 'attribute-missing' });
  const otherCommand = Buffer.from(golden);
  otherCommand[0] = 3;
  expect(decodeFamily(answer(otherCommand))).toEqual({ ok: false, drop: 'unexpected-type' });
  for (let length = 0; length < golden.length; length++) {
    expect(typeof decodeFamily(answer(golden.subarray(0, length))).ok).toBe('boolean');
  }
});

test('command and version are kept', () => {
  const of = schema({ value: { id: 1, kind: u32 } });
  const payload = encodeGeneric({ command: 9, version: 1 }, of, { value: 3 });
  expect(decodeGeneric(of, payload)).toEqual({
    ok: true,
    value: { command: 9, version: 1, values: { value: 3 } },
  });
});
