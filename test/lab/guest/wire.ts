// What was on the front wire and when, by the kernel's own clock: adverts and gratuitous ARP as the client's
// machine saw them. So a takeover can be judged by what the protocol allows, without the chance of how soon
// before the fault the last advert was sent.
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VIP } from './addresses.ts';
import { inside } from './namespace.ts';
import { until } from './witness.ts';

const FILE = join(process.env.LAB_OUT ?? '.', 'wire.txt');
const LIMIT_MS = 10_000;

/** `at`: milliseconds since 1970, with fractions. */
export type Advert = { at: number; from: string; priority: number };
export type Announcement = { at: number };
export type Seen = { adverts: Advert[]; announcements: Announcement[] };

export class Wire {
  readonly #tcpdump: ChildProcess;

  /** Listens from now on; {@link hearsMaster} tells when it does. */
  constructor() {
    const output = openSync(FILE, 'w');
    const args = ['-i', 'eth0', '-n', '-l', '-tt', '--immediate-mode', 'ip proto 112 or arp'];
    this.#tcpdump = inside('client', () => spawn('tcpdump', args, { stdio: ['ignore', output, output] }));
  }

  /** A handover is measured from the old master's last advert: one has to be heard before anything breaks. */
  async hearsMaster(): Promise<void> {
    await until('an advert on the wire', LIMIT_MS, () => this.#seen().adverts.length > 0);
  }

  stop(): Seen {
    this.#tcpdump.kill('SIGKILL');
    return this.#seen();
  }

  #seen(): Seen {
    return parseWire(readFileSync(FILE, 'utf8'));
  }
}

/** The newcomer's first announcement against what the protocol allows it, in ms: negative never happens. */
export type Handover = { announcedMs: number; allowedMs: number };

/**
 * `waitsMs`: how long the newcomer has to wait after the last advert it heard. When the old master resigned,
 * its resignation is that advert.
 */
export function handover({ adverts, announcements }: Seen, newcomer: string, waitsMs: number): Handover {
  const own = adverts.findIndex(({ from }) => from === newcomer);
  const last = adverts[own - 1];
  const announced = announcements.find(({ at }) => last !== undefined && own > 0 && at >= adverts[own]!.at);
  if (last === undefined || announced === undefined) throw new Error('no handover was seen on the wire');
  return {
    announcedMs: Math.round(10 * (announced.at - last.at)) / 10,
    allowedMs: Math.round(10 * waitsMs) / 10,
  };
}

/** Lines of `tcpdump -n -tt`. */
export function parseWire(text: string): Seen {
  const adverts = [...text.matchAll(/^(\d+\.\d+) IP (\S+) > \S+: VRRPv\d, Advertisement,.* prio (\d+)/gm)];
  const arps = [...text.matchAll(/^(\d+\.\d+) ARP, Request who-has (\S+) .*tell (\S+),/gm)];
  return {
    adverts: adverts.map(([, at, from, priority]) => ({
      at: Number(at) * 1000,
      from: from!,
      priority: Number(priority),
    })),
    announcements: arps
      .filter(([, , asked, asker]) => asked === VIP && asker === VIP)
      .map(([, at]) => ({ at: Number(at) * 1000 })),
  };
}
