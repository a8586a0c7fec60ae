// What the guest's kernel says about a node, read from /proc and through ipvsadm: never what a director
// says of itself.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import ipaddr from 'ipaddr.js';
import { type DirectorName, type NodeName, VIP } from './addresses.ts';
import { inside } from './namespace.ts';

/** 169.254.88.49, docs/sync.md. */
const PROBES = 'A9FE5831';
const ROW = /^ {2}-> ([0-9A-F]{8}|\[[0-9a-f:]+\]):([0-9A-F]{4})\s+\S+\s+(\d+)/;

export function owns(node: NodeName, address = VIP): boolean {
  if (address.includes(':'))
    return readNet(node, 'if_inet6')
      .split('\n')
      .some((line) => line.startsWith(hexOf(address).toLowerCase()));
  const local = new RegExp(`\\|-- ${address.replaceAll('.', '\\.')}\\n\\s+/32 host LOCAL`);
  return local.test(readNet(node, 'fib_trie'));
}

/**
 * `10.1.0.21:8080` or `[fd01::21]:8080` of every real server in the table, with its weight; not the one of
 * sync's probes.
 */
export function destinations(node: DirectorName): Map<string, number> {
  const lines = readNet(node, 'ip_vs').split('\n');
  const rows = lines.flatMap((line) => {
    const [, address, port, weight] = ROW.exec(line) ?? [];
    return address && port && weight && address !== PROBES ? [{ address, port, weight }] : [];
  });
  return new Map(
    rows.map(({ address, port, weight }) => [
      `${written(address)}:${Number.parseInt(port, 16)}`,
      Number(weight),
    ]),
  );
}

/** As operators write what /proc/net/ip_vs has as `0A010015` or `[fd01:0000:…:0021]`. */
function written(address: string): string {
  if (!address.startsWith('[')) return Buffer.from(address, 'hex').join('.');
  return `[${ipaddr.parse(address.slice(1, -1))}]`;
}

function hexOf(address: string): string {
  return Buffer.from(ipaddr.parse(address).toByteArray()).toString('hex').toUpperCase();
}

/** How many connections are in the table, by TCP state. */
export function connections(node: DirectorName): Record<string, number> {
  const states: Record<string, number> = {};
  for (const { state } of connectionRows(node)) states[state] = (states[state] ?? 0) + 1;
  return states;
}

/** How many of them are established to one real server. */
export function establishedTo(node: DirectorName, address: string): number {
  const hex = hexOf(address);
  return connectionRows(node).filter(({ server, state }) => server === hex && state === 'ESTABLISHED').length;
}

/** `server`: its address in hexadecimal. */
function connectionRows(node: DirectorName): { server: string; state: string }[] {
  const lines = readNet(node, 'ip_vs_conn').split('\n').slice(1);
  return lines
    .map((line) => line.split(/\s+/))
    .flatMap(({ 5: server, 7: state }) =>
      server && state ? [{ server: server.replaceAll(':', '').toUpperCase(), state }] : [],
    );
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

/** Of net.ipv4.vs. */
export function ipvsSettings<N extends string>(node: DirectorName, names: readonly N[]): Record<N, string> {
  const read = (name: N) => readFileSync(`/proc/sys/net/ipv4/vs/${name}`, 'utf8').trim();
  const values = inside(node, () => names.map((name) => [name, read(name)]));
  return Object.fromEntries(values) as Record<N, string>;
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
