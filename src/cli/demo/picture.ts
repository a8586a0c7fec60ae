// What the demo knows at a moment: who is master, which servers are in service, how the client
// fares, what happened last. Pure: log lines and statistics come in, a new picture comes out;
// view.ts and report.ts print it.
import type { Statistics } from './client.ts';
import type { LogLine } from './director.ts';
import {
  addressOf,
  DIRECTORS,
  type DirectorName,
  letterOf,
  type Mode,
  SERVERS,
  type ServerName,
} from './layout.ts';
import type { Measured } from './measure.ts';

export type DirectorPicture = {
  /** As in its log, or CRASHED. `-` until its first state. */
  state: string;
  sinceMs: number;
  priority?: number;
  vips: readonly string[];
  engine?: string;
  realtime?: boolean;
  /** The sync thread that runs; `stream` when it knows all of the peer's connections by a sync of our own. */
  syncs?: string;
  /** Counted on the wire, not taken from the log. */
  adverts: number;
  servers: Readonly<Partial<Record<ServerName, 'up' | 'down'>>>;
};
/** `who`: A, B, or `demo` for what we did ourselves. */
export type Happening = { atMs: number; who: string; text: string; grave: boolean };
export type Outcome = {
  name: string;
  measured: Measured;
  /** From the order or the crash to the new master's state change; undefined = nobody became master. */
  newMasterMs?: number;
  from: DirectorName;
  to?: DirectorName;
};
export type Picture = {
  mode: Mode;
  /** Epoch milliseconds, as in log lines. */
  startedMs: number;
  phase: string;
  directors: Readonly<Record<DirectorName, DirectorPicture>>;
  statistics?: Statistics;
  happenings: readonly Happening[];
  outcomes: readonly Outcome[];
};

const HAPPENINGS_KEPT = 200;
const unknown = (startedMs: number): DirectorPicture => ({
  state: '-',
  sinceMs: startedMs,
  adverts: 0,
  vips: [],
  servers: {},
});

export function firstPicture(mode: Mode, startedMs: number): Picture {
  return {
    mode,
    startedMs,
    phase: 'building the network',
    directors: { dirA: unknown(startedMs), dirB: unknown(startedMs) },
    happenings: [],
    outcomes: [],
  };
}

export function tell(picture: Picture, happening: Happening): Picture {
  return { ...picture, happenings: [...picture.happenings, happening].slice(-HAPPENINGS_KEPT) };
}

export function paintDirector(
  picture: Picture,
  name: DirectorName,
  change: Partial<DirectorPicture>,
): Picture {
  return {
    ...picture,
    directors: { ...picture.directors, [name]: { ...picture.directors[name], ...change } },
  };
}

/** The power is gone: whatever it was, it is no more. */
export function paintCrash(picture: Picture, name: DirectorName, atMs: number): Picture {
  return paintDirector(picture, name, { state: 'CRASHED', sinceMs: atMs, vips: [], servers: {} });
}

export function paintRestart(picture: Picture, name: DirectorName, atMs: number): Picture {
  return paintDirector(picture, name, unknown(atMs));
}

export type Heard = { source: string; priority: number; addresses: readonly string[] };

/** An advert on the wire. The embedded engine has the VIPs on no interface: this is where they show. */
export function paintAdvert(picture: Picture, { source, priority, addresses }: Heard): Picture {
  const name = DIRECTORS.find((each) => addressOf(picture.mode, each) === source);
  if (name === undefined) return picture;
  const adverts = picture.directors[name].adverts + 1;
  // One that hands over advertises less than its priority, and its last word may be read after it has gone.
  const isMaster = picture.directors[name].state === 'MASTER';
  return paintDirector(picture, name, isMaster ? { adverts, priority, vips: addresses } : { adverts });
}

/** The director that says it is MASTER; the newest one when both do. */
export function masterOf(picture: Picture): DirectorName | undefined {
  const masters = DIRECTORS.filter((name) => picture.directors[name].state === 'MASTER');
  return masters.toSorted((one, other) => sinceOf(picture, other) - sinceOf(picture, one))[0];
}

const sinceOf = (picture: Picture, name: DirectorName): number => picture.directors[name].sinceMs;

/** A director that hands over keeps the addresses until the other one is heard. */
const SERVING = new Set(['MASTER', 'LEAVING']);
/** What is neither is grave: a line of no log may be the last word of a program that died. */
const HARMLESS: readonly unknown[] = ['debug', 'info'];

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** `10.1.0.22:80` in whatever field the line names a server: the plan's third number names the machine. */
function serverIn(line: LogLine): ServerName | undefined {
  const found = /\b10\.[01]\.0\.2([123])\b/.exec(text(line.server) || line.msg);
  return SERVERS.find((name) => name === `rs${found?.[1]}`);
}

function addressIn(line: LogLine): string {
  const found = /\d+\.\d+\.\d+\.\d+/.exec(text(line.vip) || text(line.address) || line.msg);
  return found?.[0] ?? '';
}

function change(before: DirectorPicture, line: LogLine, atMs: number): Partial<DirectorPicture> {
  switch (line.event) {
    case 'vrrp.state':
      return {
        state: text(line.to),
        sinceMs: atMs,
        ...(SERVING.has(text(line.to)) ? {} : { vips: [] }),
        ...(typeof line.priority === 'number' ? { priority: line.priority } : {}),
      };
    case 'vip.added':
      return { vips: [...new Set([...before.vips, addressIn(line)])].toSorted() };
    case 'vip.removed':
      return { vips: before.vips.filter((vip) => vip !== addressIn(line)) };
    case 'ipvs.engine':
      return { engine: text(line.engine) };
    case 'scheduling.realtime':
      return { realtime: true };
    case 'scheduling.denied':
      return { realtime: false };
    case 'sync.daemon':
      return line.verb === 'started' ? { syncs: text(line.role) } : {};
    case 'sync.complete':
      return line.direction === 'in' ? { syncs: 'stream' } : {};
    case 'server.up':
    case 'server.down': {
      const server = serverIn(line);
      const state = line.event === 'server.up' ? 'up' : 'down';
      return server === undefined ? {} : { servers: { ...before.servers, [server]: state } };
    }
    default:
      return {};
  }
}

/** A director's log line; `nowMs` (epoch) stands in for a line without a time. */
export function hear(picture: Picture, name: DirectorName, line: LogLine, nowMs: number): Picture {
  const atMs = typeof line.time === 'number' ? line.time : nowMs;
  const grave = !HARMLESS.includes(line.level);
  const told = tell(picture, { atMs, who: letterOf(name), text: line.msg, grave });
  return paintDirector(told, name, change(picture.directors[name], line, atMs));
}
