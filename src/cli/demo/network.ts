// Builds the demo's network out of namespaces, veth pairs and two bridges, inside the private
// namespaces that the demo process already lives in: what is built here disappears with it, so
// nothing here removes anything at the end.
import { spawn } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { pullCables } from './cables.ts';
import type { Leg, Node, NodeName } from './layout.ts';

/** A step of the demo's own preparation failed; the message is the tool's own words. */
export class PreparationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PreparationError';
  }
}

export function run(command: string, words: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.stdin.on('error', () => {}); // a child that ends without reading its input reports by its exit code
    child.on('error', (error) => reject(new PreparationError(`${command}: ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else
        reject(new PreparationError(`${command} ${words.join(' ')}: ${complaint.trim() || `exit ${code}`}`));
    });
    child.stdin.end(input);
  });
}

/**
 * The words that run a command on one of the machines. `ip netns exec` replaces itself: the child's
 * pid is the command's.
 */
export const on = (name: NodeName): string[] => ['netns', 'exec', name];

const portOf = (name: NodeName, leg: Leg): string => `${name}-${leg.interface}`;

/**
 * Settings of a fresh namespace. rp_filter: replies of a NAT'ed service come back on another
 * interface than they left. Redirects: a director must not teach its neighbours a way around
 * itself. A DR real server owns the VIP on lo and must neither answer ARP for it nor use it as a
 * source.
 */
function settings(node: Node): string {
  const lines = [
    'cd /proc/sys/net',
    'put() { [ ! -e $1 ] || echo $2 >$1; }', // a kernel without IPv6 has no such files
    'set_all() { put ipv4/conf/all/$1 $2; put ipv4/conf/default/$1 $2; }',
    'set_all rp_filter 0; set_all accept_redirects 0; set_all send_redirects 0',
    'put ipv6/conf/all/disable_ipv6 1; put ipv6/conf/default/disable_ipv6 1',
  ];
  if (node.forwards) lines.push('put ipv4/ip_forward 1');
  if (node.loopback !== undefined) lines.push('set_all arp_ignore 1; set_all arp_announce 2');
  return lines.join('\n');
}

function addresses(node: Node): string {
  const lines = ['link set lo up'];
  for (const leg of node.legs) {
    lines.push(`link set ${leg.interface} up`, `addr add ${leg.address}/24 dev ${leg.interface}`);
  }
  if (node.loopback !== undefined) lines.push(`addr add ${node.loopback}/32 dev lo`);
  if (node.route !== undefined) lines.push(`route add default via ${node.route}`);
  return lines.join('\n');
}

/** Makes the machine and plugs it in. A machine of that name must not exist. */
async function plug(node: Node): Promise<void> {
  const lines = [`netns add ${node.name}`];
  for (const leg of node.legs) {
    const port = portOf(node.name, leg);
    lines.push(`link add ${leg.interface} netns ${node.name} type veth peer name ${port}`);
    lines.push(`link set ${port} master ${leg.lan} up`);
  }
  await run('ip', ['-batch', '-'], lines.join('\n'));
  const script = `set -e\n${settings(node)}\nip -batch - <<'END'\n${addresses(node)}\nEND\n`;
  await run('ip', [...on(node.name), 'sh'], script);
}

/**
 * The machine's own /run is of no concern here: names of namespaces and state files go to a private
 * one.
 */
export async function hideRun(): Promise<void> {
  await run('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run']);
}

/** Call once, in a fresh network namespace, after {@link hideRun}. */
export async function build(nodes: readonly Node[]): Promise<void> {
  const lans = new Set(nodes.flatMap((node) => node.legs.map((leg) => leg.lan)));
  const lines = ['link set lo up'];
  // Without a snooping querier a bridge would stop forwarding the adverts' multicast group after
  // some minutes.
  for (const lan of lans) {
    lines.push(
      `link add ${lan} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
      `link set ${lan} up`,
    );
  }
  await run('ip', ['-batch', '-'], lines.join('\n'));
  // br_netfilter, where it is loaded, would send bridged frames through the machine's firewall rules.
  await run('sh', [
    '-c',
    'for f in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -w $f ] || echo 0 >$f; done; true',
  ]);
  // One after the other: `ip netns add` remounts its directory the first time.
  for (const node of nodes) await plug(node);
}

/** Pulls every cable of the machine, at the switch. */
export function unplug(node: Node): void {
  pullCables(node.legs.map((leg) => portOf(node.name, leg)));
}

/** The same machine with an empty kernel: no addresses, no services, no connections. */
export async function reboot(node: Node): Promise<void> {
  const lines = node.legs.map((leg) => `link del ${portOf(node.name, leg)}`);
  await run('ip', ['-batch', '-'], [...lines, `netns del ${node.name}`].join('\n'));
  await plug(node);
}

/** Every process whose network namespace is the one of `pid`, that one included. */
export function processesBeside(pid: number): number[] {
  const namespaceOf = (id: string): string | undefined => {
    try {
      return readlinkSync(`/proc/${id}/ns/net`);
    } catch {
      return undefined; // it ended while we looked
    }
  };
  const wanted = namespaceOf(String(pid));
  if (wanted === undefined) return [];
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.filter((id) => namespaceOf(id) === wanted).map(Number);
}
