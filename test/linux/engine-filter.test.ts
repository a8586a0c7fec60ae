// The packet filters, run by an interpreter of the few instructions they use: what passes is exactly what is
// wanted.
import { expect, test } from 'vitest';
import { filterProgram, type Wanted } from '../../src/linux/engine/filter.ts';
import { passed } from './bpf-interpreter.ts';

const OWN = Buffer.from('020000000001', 'hex');
const ARP = 0x0806;
const IPV4 = 0x0800;

const four = (vrid: number) => ({ vrid, family: 4 as const });
const six = (vrid: number) => ({ vrid, family: 6 as const });

function frame(mac: string, type: number): Buffer {
  const bytes = Buffer.alloc(60);
  Buffer.from(mac, 'hex').copy(bytes);
  bytes.writeUInt16BE(type, 12);
  return bytes;
}
const passes = (wanted: Wanted, mac: string, type = IPV4, tagged = false) =>
  passed(filterProgram(wanted), frame(mac, type), tagged) > 0;

test('nothing wanted, nothing passes', () => {
  expect(passes({ vrids: [] }, 'ffffffffffff', ARP)).toBe(false);
  expect(passes({ vrids: [] }, '00005e000133')).toBe(false);
});

test('ARP and the virtual routers’ frames pass, others’ do not', () => {
  const wanted = { vrids: [four(0x33), four(0xff), six(0x44)] };
  expect(passes(wanted, 'ffffffffffff', ARP)).toBe(true);
  expect(passes(wanted, '00005e000133')).toBe(true);
  expect(passes(wanted, '00005e0001ff')).toBe(true);
  expect(passes(wanted, '00005e000134')).toBe(false);
  expect(passes(wanted, '00005e000233')).toBe(false);
  expect(passes(wanted, '00005e000244')).toBe(true);
  expect(passes(wanted, '00005e000144')).toBe(false);
  expect(passes(wanted, OWN.toString('hex'))).toBe(false);
  expect(passes(wanted, 'ffffffffffff')).toBe(false);
});

test('neighbour discovery passes to groups and to whoever asked, other multicast does not', () => {
  const wanted = { vrids: [six(1)] };
  const discovery = (type: number, protocol = 58) => {
    const bytes = Buffer.concat([frame('3333ff000050', 0x86dd), Buffer.alloc(30)]);
    bytes[20] = protocol;
    bytes[54] = type;
    return passed(filterProgram(wanted), bytes) > 0;
  };
  expect([133, 134, 135, 136, 137].map((type) => discovery(type))).toEqual([false, false, true, true, false]);
  expect(discovery(135, 17)).toBe(false);
});

test('the interface’s own MAC only when replies may come to it', () => {
  const wanted = { vrids: [], ownMac: OWN };
  expect(passes(wanted, OWN.toString('hex'))).toBe(true);
  expect(passes(wanted, '020000000002')).toBe(false);
});

test('a frame of a VLAN is not its parent’s', () => {
  expect(passes({ vrids: [four(1)] }, '00005e000101', IPV4, true)).toBe(false);
  expect(passes({ vrids: [four(1)] }, 'ffffffffffff', ARP, true)).toBe(false);
});

test('every virtual router at once is still a program the kernel takes', () => {
  const program = filterProgram({
    vrids: Array.from({ length: 255 }, (_, i) => [four(i + 1), six(i + 1)]).flat(),
    ownMac: OWN,
  });
  expect(program.length / 8).toBeLessThan(4096);
  expect(passed(program, frame('00005e0001ff', IPV4))).toBeGreaterThan(0);
});
