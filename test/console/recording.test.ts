// Recordings as files: tcpdump reads the packets, JSON the rest; no more files than allowed.
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Recording } from '../../src/console/recording.ts';
import { writeRecording } from '../../src/console/recording-files.ts';
import { address } from '../../src/core/address.ts';
import { type Advert, encodeAdvert, passwordField } from '../../src/vrrp/packet.ts';
import {
  copyRecorder,
  noteAction,
  noteDrop,
  noteInput,
  openRecorder,
  recorderMemory,
} from '../../src/vrrp/recorder.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lvs-recording-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const WALL_MS = Date.UTC(2026, 10, 26, 23, 59, 1, 500);
const advert: Advert = {
  version: 3,
  vrid: 51,
  priority: 150,
  intervalMs: 100,
  addresses: [address('10.1.0.100')],
  source: address('10.1.0.1'),
  destination: address('224.0.0.18'),
  ttl: 255,
};
const six = {
  addresses: [address('fe80::50')],
  source: address('fe80::1'),
  destination: address('ff02::12'),
};

function recording(): Recording {
  const memory = recorderMemory();
  const recorder = openRecorder(memory);
  const hear = (packet: Partial<Advert>, atMs: number, device = 'v0') =>
    noteInput(
      recorder,
      { type: 'packet', interface: device, bytes: encodeAdvert({ ...advert, ...packet }) },
      atMs,
    );
  hear({}, 1_000); // an hour ago: too old
  hear({ priority: 100 }, 3_600_000.25);
  noteDrop(recorder, 3_600_000.25, 'VI_1', 'wrong-ttl');
  hear({ version: 2, intervalMs: 1000, password: passwordField('S3cr3t!x') }, 3_600_001);
  hear(six, 3_600_002, 'v1');
  const packet = encodeAdvert(advert);
  const to = advert.destination;
  noteAction(recorder, { do: 'send', interface: 'v0', to, packet }, 3_600_003.5);
  const state = { type: 'state', instance: 'VI_1', from: 'BACKUP', to: 'MASTER', reason: 'x' } as const;
  const report = { ...state, priority: 150, atMs: 0 };
  noteAction(recorder, { do: 'report', report }, 3_600_004);
  return { ...copyRecorder(memory), monotonicMs: 3_600_010, wallMs: WALL_MS, because: ['a transition'] };
}

test('tcpdump shows every advert: when, which way on which interface, and of whom', async () => {
  const { pcapng } = await writeRecording(directory, recording(), 8);
  const printed = execFileSync('tcpdump', ['-r', pcapng, '-n', '-v', '-tt'], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
  const text = printed.replaceAll(/\n\s+/g, ' ').trim().split('\n');
  expect(text).toHaveLength(4);
  expect(text[0]).toMatch(/^1795737541\.490250 .*10\.1\.0\.1 > 224\.0\.0\.18: .*VRRPv3.*vrid 51, prio 100/);
  expect(text[1]).toMatch(/VRRPv2.*prio 150, authtype simple.*auth "\^?@?/);
  expect(text[2]).toMatch(/fe80::1 > ff02::12: .*VRRPv3/);
  expect(text[3]).toMatch(/^1795737541\.493500 /);
  expect(printed).not.toMatch(/bad|wrong|S3cr3t/);
  const bytes = readFileSync(pcapng);
  for (const word of ['v0', 'v1', 'VI_1: dropped: wrong-ttl']) expect(bytes.includes(word)).toBe(true);
});

test('the JSON has everything in order, and names the frames of the packets', async () => {
  const { json } = await writeRecording(directory, recording(), 8);
  const text = readFileSync(json, 'utf8');
  const { events, because, packets } = JSON.parse(text);
  expect([because, packets]).toEqual([['a transition'], 'flight-20261126T235901.500Z.pcapng']);
  expect(events.map(({ kind, frame }: Record<string, unknown>) => [kind, frame])).toEqual([
    ['heard', 1],
    ['dropped', undefined],
    ['heard', 2],
    ['heard', 3],
    ['sent', 4],
    ['state', undefined],
  ]);
  expect(events[0]).toEqual({
    at: '2026-11-26T23:59:01.490250Z',
    kind: 'heard',
    interface: 'v0',
    frame: 1,
    from: '10.1.0.1',
    to: '224.0.0.18',
    version: 3,
    vrid: 51,
    priority: 100,
    intervalMs: 100,
  });
  expect(events[5]).toMatchObject({ name: 'VI_1', text: 'BACKUP → MASTER (x)' });
  expect(text).not.toContain('S3cr3t');
  expect(lstatSync(json).mode & 0o777).toBe(0o600);
});

test('the newest are kept, and nothing else is touched', async () => {
  writeFileSync(join(directory, 'flight-plan.json'), 'of somebody else');
  for (let n = 0; n < 5; n++)
    await writeRecording(directory, { ...recording(), wallMs: WALL_MS + n * 1000 }, 2);
  expect(readdirSync(directory).sort()).toEqual([
    'flight-20261126T235904.500Z.json',
    'flight-20261126T235904.500Z.pcapng',
    'flight-20261126T235905.500Z.json',
    'flight-20261126T235905.500Z.pcapng',
    'flight-plan.json',
  ]);
});
