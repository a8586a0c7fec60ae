// A recording of the flight recorder as people and programs read it: events as JSON, one a line, and packets
// as pcapng. Makes the texts; recording-files.ts keeps the files.
import { VERSION } from '../core/version.ts';
import { decodeAdvert } from '../vrrp/packet.ts';
import { KINDS, type RecorderCopy } from '../vrrp/recorder.ts';
import { type Record as Kept, records } from '../vrrp/ring.ts';
import { type CapturedPacket, encodePcapng } from './pcapng.ts';

/** What crosses to the process that writes it. `monotonicMs` and `wallMs` are of one moment. */
export type Recording = RecorderCopy & {
  monotonicMs: number;
  wallMs: number;
  /** In words: which transitions. */
  because: readonly string[];
};
type Event = Readonly<Record<string, unknown>>;
type Packets = { heard: CapturedPacket | undefined; all: CapturedPacket[] };

/** Those of an idle pair would be hours old. */
const HISTORY_MS = 600_000;

/** `packets`: the name of the file that has them. */
export function renderRecording(recording: Recording, packets: string): { json: string; pcapng: Buffer } {
  const { monotonicMs, wallMs, because } = recording;
  const captured: Packets = { heard: undefined, all: [] };
  const kept = [...records(recording.traffic), ...records(recording.events)]
    .filter(({ atMs }) => atMs > monotonicMs - HISTORY_MS)
    .sort((a, b) => a.atMs - b.atMs); // of one moment the packet comes first
  const events = kept.map((one) => describe(one, one.atMs - monotonicMs + wallMs, captured));
  const head = { version: VERSION, writtenAt: isoTime(wallMs), because, packets };
  const lines = events.map((event) => `    ${JSON.stringify(event)}`).join(',\n');
  const fields = JSON.stringify(head, undefined, 2).slice(0, -2);
  return {
    json: `${fields},\n  "events": [\n${lines}\n  ]\n}\n`,
    pcapng: encodePcapng(captured.all, `lvs-director ${VERSION}`),
  };
}

function describe({ kind: number, name, body }: Kept, wallMs: number, captured: Packets): Event {
  const kind = KINDS[number]!;
  const at = isoTime(wallMs);
  if (kind === 'heard' || kind === 'sent') {
    const packet = {
      atMs: wallMs,
      interface: name,
      inbound: kind === 'heard',
      bytes: body,
      length: whole(body),
    };
    captured.all.push(packet);
    if (kind === 'heard') captured.heard = packet;
    return { at, kind, interface: name, frame: captured.all.length, ...summary(body) };
  }
  const text = body.toString('utf8');
  if (kind === 'dropped' && captured.heard !== undefined) {
    const before = captured.heard.comment;
    captured.heard.comment = `${before === undefined ? '' : `${before}; `}${name}: dropped: ${text}`;
  }
  return { at, kind, ...(name === '' ? {} : { name }), text };
}

/** Of a packet that was cut off its header still says how long it was. */
function whole(packet: Buffer): number {
  if (packet.length < 20) return packet.length;
  const said = packet[0]! >> 4 === 6 ? 40 + packet.readUInt16BE(4) : packet.readUInt16BE(2);
  return Math.max(packet.length, said);
}

function summary(packet: Buffer): Event {
  const decoded = decodeAdvert(packet);
  if (!decoded.ok) return { malformed: decoded.drop };
  const { source, destination, version, vrid, priority, intervalMs } = decoded.advert;
  return { from: source, to: destination, version, vrid, priority, intervalMs };
}

/** To the microsecond, in UTC. */
function isoTime(wallMs: number): string {
  const us = Math.floor((wallMs - Math.floor(wallMs)) * 1000);
  return new Date(wallMs).toISOString().replace('Z', `${String(us).padStart(3, '0')}Z`);
}
