// The flight recorder: what the elector hears, sends, waits for and becomes, in two rings of fixed size, so
// that the last minutes can be read when something happened. A flood of packets drives packets out, not the
// rest. Secrets are left out before anything is kept. Timers that each advert sets again are not kept: the
// advert says it.
import type { Input } from './elector.ts';
import type { Action } from './instance.ts';
import { withoutPassword } from './packet.ts';
import { append, copyRing, openRing, type Ring, ringMemory } from './ring.ts';
import type { Timer } from './router.ts';
import type { ElectorCommand, ElectorReport, VirtualAddress } from './settings.ts';

/** Kinds of records by number; the first is none. */
export const KINDS = [
  'filler',
  'heard',
  'sent',
  'dropped',
  'armed',
  'expired',
  'state',
  'link',
  'addressGone',
  'addressAdded',
  'addressRemoved',
  'announced',
  'devices',
  'notice',
  'drill',
  'command',
  'claim',
] as const;
export type Kind = (typeof KINDS)[number];
/** Some 15,000 packets: minutes of adverts each 10 ms, hours of those each second. */
const TRAFFIC_BYTES = 1 << 20;
const EVENT_BYTES = 1 << 17;
/** An advert that leaves later than this is worth a record. */
const LATE_MS = 5;

export type RecorderMemory = { traffic: SharedArrayBuffer; events: SharedArrayBuffer };
export type Recorder = {
  traffic: Ring;
  events: Ring;
  /** As told last, so that only what changes is. */
  links: Map<string, string>;
  held: Set<string>;
};
/** Of both rings, to be read by {@link records}. */
export type RecorderCopy = { traffic: Buffer; events: Buffer };

export function recorderMemory(): RecorderMemory {
  return { traffic: ringMemory(TRAFFIC_BYTES), events: ringMemory(EVENT_BYTES) };
}

export function openRecorder({ traffic, events }: RecorderMemory): Recorder {
  return { traffic: openRing(traffic), events: openRing(events), links: new Map(), held: new Set() };
}

/** From any thread. */
export function copyRecorder({ traffic, events }: RecorderMemory): RecorderCopy {
  return { traffic: copyRing(openRing(traffic)), events: copyRing(openRing(events)) };
}

export function noteInput(recorder: Recorder, input: Input, atMs: number): void {
  switch (input.type) {
    case 'packet':
      return append(recorder.traffic, number('heard'), atMs, input.interface, withoutPassword(input.bytes));
    case 'link': {
      const { interface: name, link } = input;
      const text = link === undefined ? 'gone' : [link.up ? 'up' : 'down', ...link.addresses].join(' ');
      if (recorder.links.get(name) === text) return;
      if (link === undefined) recorder.links.delete(name);
      else recorder.links.set(name, text);
      return note(recorder, 'link', atMs, name, text);
    }
    case 'vipGone':
      recorder.held.delete(`${input.interface} ${input.address}`);
      return note(recorder, 'addressGone', atMs, input.interface, input.address);
    case 'command':
      return noteCommand(recorder, input.command, atMs);
    case 'claim': // as easily forged as packets, so it is kept beside them
      return append(
        recorder.traffic,
        number('claim'),
        atMs,
        input.interface,
        `${input.address} ${input.mac}`,
      );
    case 'wake':
      return;
  }
}

/** Its settings have secrets. */
function noteCommand(recorder: Recorder, command: ElectorCommand, atMs: number): void {
  if (command.type === 'snapshot') return;
  const { type } = command;
  if (type !== 'tracker') return note(recorder, 'command', atMs, '', type);
  const { tracker, verdict } = command;
  note(recorder, 'command', atMs, '', `tracker ${tracker.kind} ${tracker.name} ${verdict}`);
}

export function noteAction(recorder: Recorder, action: Action, atMs: number): void {
  switch (action.do) {
    case 'send':
      return append(recorder.traffic, number('sent'), atMs, action.interface, withoutPassword(action.packet));
    case 'addVips':
      return noteHeld(recorder, 'addressAdded', action.vips, atMs);
    case 'removeVips':
      return noteHeld(recorder, 'addressRemoved', action.vips, atMs);
    case 'announce':
      return note(recorder, 'announced', atMs, '', action.vips.map(({ address }) => address).join(' '));
    case 'keepDevices':
      return note(recorder, 'devices', atMs, '', action.devices.map(({ name }) => name).join(' '));
    case 'report':
      return noteReport(recorder, action.report, atMs);
    case 'addRouting':
    case 'removeRouting':
    case 'ask':
      return;
  }
}

/** Addresses are added again and again, to renew their leases. */
function noteHeld(
  recorder: Recorder,
  kind: 'addressAdded' | 'addressRemoved',
  vips: readonly VirtualAddress[],
  atMs: number,
): void {
  const { held } = recorder;
  for (const { interface: device, address } of vips) {
    const key = `${device} ${address}`;
    if (held.has(key) === (kind === 'addressAdded')) continue;
    if (kind === 'addressAdded') held.add(key);
    else held.delete(key);
    note(recorder, kind, atMs, device, address);
  }
}

function noteReport(recorder: Recorder, report: ElectorReport, atMs: number): void {
  switch (report.type) {
    case 'state':
      return note(
        recorder,
        'state',
        atMs,
        report.instance,
        `${report.from} → ${report.to} (${report.reason})`,
      );
    case 'group':
      return note(recorder, 'state', atMs, report.group, `${report.from} → ${report.to} (sync group)`);
    case 'drill':
      return note(recorder, 'drill', atMs, report.instance, report.step);
    case 'notice': {
      const { event, message, fields } = report.notice;
      return note(recorder, 'notice', atMs, String(fields?.instance ?? ''), `${event}: ${message}`);
    }
    case 'running':
    case 'snapshot':
    case 'stopped':
    case 'failed':
      return;
  }
}

export function noteDrop(recorder: Recorder, atMs: number, instance: string, reason: string): void {
  append(recorder.traffic, number('dropped'), atMs, instance, reason);
}

export type Armed = { timer: Timer; atMs: number; beforeMs: number | undefined };

/** `armed.beforeMs`: when it would have run out. Only a timer that is brought forward is news. */
export function noteArmed(recorder: Recorder, nowMs: number, instance: string, armed: Armed): void {
  const { timer, atMs, beforeMs } = armed;
  if (timer === 'advert' || (beforeMs !== undefined && beforeMs <= atMs)) return;
  note(recorder, 'armed', nowMs, instance, `${timer} in ${(atMs - nowMs).toFixed(1)} ms`);
}

export function noteExpired(recorder: Recorder, nowMs: number, instance: string, expired: Expired): void {
  const lateMs = nowMs - expired.dueMs;
  if (expired.timer === 'advert' && lateMs < LATE_MS) return;
  note(recorder, 'expired', nowMs, instance, `${expired.timer}, ${lateMs.toFixed(1)} ms late`);
}
type Expired = { timer: Timer; dueMs: number };

function note({ events }: Recorder, kind: Kind, atMs: number, name: string, text: string): void {
  append(events, number(kind), atMs, name, text);
}

const NUMBERS = Object.fromEntries(KINDS.map((kind, i) => [kind, i])) as Readonly<Record<Kind, number>>;
function number(kind: Kind): number {
  return NUMBERS[kind];
}
