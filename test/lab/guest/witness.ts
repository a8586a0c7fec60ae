// What the guest's kernel says about a node, read from /proc and through ipvsadm: never what a director
// says of itself.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DirectorName, type NodeName, VIP } from './addresses.ts';
import { inside } from './namespace.ts';

/** 169.254.88.49, docs/sync.md. */
const PROBES = 'A9FE5831';

export function owns(node: NodeName, address = VIP): boolean {
  const local = new RegExp(`\\|-- ${address.replaceAll('.', '\\.')}\\n\\s+/32 host LOCAL`);
  return local.test(readNet(node, 'fib_trie'));
}

/** `10.1.0.21:8080` of every real server in the table, with its weight; not the one of sync's probes. */
export function destinations(node: DirectorName): Map<string, number> {
  const lines = readNet(node, 'ip_vs').split('\n');
  const rows = lines.flatMap((line) => {
    const [, hex, port, weight] = /^ {2}-> ([0-9A-F]{8}):([0-9A-F]{4})\s+\S+\s+(\d+)/.exec(line) ?? [];
    return hex && port && weight && hex !== PROBES ? [{ hex, port, weight }] : [];
  });
  return new Map(
    rows.map(({ hex, port, weight }) => {
      const address = Buffer.from(hex, 'hex').join('.');
      return [`${address}:${Number.parseInt(port, 16)}`, Number(weight)];
    }),
  );
}

/** How many connections are in the table, by TCP state. */
export function connections(node: DirectorName): Record<string, number> {
  const states: Record<string, number> = {};
  for (const { state } of connectionRows(node)) states[state] = (states[state] ?? 0) + 1;
  return states;
}

/** How many of them are established to one real server. */
export function establishedTo(node: DirectorName, address: string): number {
  const hex = address
    .split('.')
    .map((byte) => Number(byte).toString(16).padStart(2, '0').toUpperCase())
    .join('');
  return connectionRows(node).filter(({ server, state }) => server === hex && state === 'ESTABLISHED').length;
}

/** `server`: its address in hexadecimal. */
function connectionRows(node: DirectorName): { server: string; state: string }[] {
  const lines = readNet(node, 'ip_vs_conn').split('\n').slice(1);
  return lines
    .map((line) => line.split(/\s+/))
    .flatMap(({ 5: server, 7: state }) => (server && state ? [{ server, state }] : []));
}

/**
 * The programmed table as `ipvsadm -Sn` prints it, sorted: the order of services in the kernel's hash is no
 * promise.
 */
export function ipvsadmSave(node: DirectorName): string[] {
  const lines = ipvsadm(node, '-S', '-n').split('\n');
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .sort();
}

/** `master sync daemon (mcast=eth0, syncid=51, maxlen=…)`, one a thread. */
export function syncDaemons(node: DirectorName): string[] {
  return ipvsadm(node, '-L', '--daemon')
    .split('\n')
    .filter((line) => line.includes('sync daemon'));
}

export function ipvsadm(node: DirectorName, ...args: string[]): string {
  const { status, stdout, stderr } = inside(node, () => spawnSync('ipvsadm', args, { encoding: 'utf8' }));
  if (status !== 0) throw new Error(`${node}: ipvsadm ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** How long it took until the condition held. `what` is a sentence's end: "VIP on dirB". */
export async function until(what: string, limitMs: number, holds: () => boolean): Promise<number> {
  const startedAt = performance.now();
  while (!holds()) {
    if (performance.now() - startedAt > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(10);
  }
  return Math.round(performance.now() - startedAt);
}

function readNet(node: NodeName, file: string): string {
  return inside(node, () => readFileSync(`/proc/thread-self/net/${file}`, 'latin1'));
}
