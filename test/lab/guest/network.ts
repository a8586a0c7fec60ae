// Builds the lab's network of namespaces and breaks it on request. An exec costs 30 ms in the guest, so
// addresses go through `ip -batch`, one a namespace, and sysctls are written from inside by this process.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import {
  addressOf,
  type DirectorName,
  GATEWAYS,
  HOST_PART,
  legsOf,
  type Mode,
  NODES,
  type NodeName,
  PREFIX_LENGTH,
  VIPS,
} from './addresses.ts';
import { inside, processesIn } from './namespace.ts';

const SWITCH = 'sw';

export function buildNetwork(mode: Mode): void {
  run('ip', ['-batch', '-'], [SWITCH, ...NODES].map((name) => `netns add ${name}`).join('\n'));
  const bridges = ['front', 'back'].flatMap((bridge) => [
    `link add ${bridge} type bridge mcast_snooping 0 stp_state 0 forward_delay 0`,
    `link set ${bridge} addrgenmode none up`,
  ]);
  run('ip', ['-n', SWITCH, '-batch', '-'], bridges.join('\n'));
  plugIn(NODES, mode);
}

/**
 * "Reboot": the node's namespace is destroyed with its rules, connections and sync threads; a new one is
 * plugged in.
 */
export function rebootNode(node: DirectorName, mode: Mode): void {
  killProcesses(processesIn(node));
  // A sync thread is the kernel's and keeps its namespace alive.
  for (const role of ['master', 'backup']) inside(node, () => spawnSync('ipvsadm', ['--stop-daemon', role]));
  run('ip', ['netns', 'del', node]);
  const cables = legsOf(node, mode).map((leg) => `link del ${node}-${leg}`);
  // The kernel may have removed them already.
  spawnSync('ip', ['-n', SWITCH, '-force', '-batch', '-'], { input: cables.join('\n') });
  run('ip', ['netns', 'add', node]);
  plugIn([node], mode);
}

/**
 * The cables stay in, the node's interfaces keep their carrier, but nothing gets through: a machine without
 * power.
 */
export function silence(node: NodeName, mode: Mode): void {
  const ports = legsOf(node, mode).map((leg) => `link set ${node}-${leg} nomaster`);
  run('ip', ['-n', SWITCH, '-batch', '-'], ports.join('\n'));
}

/** Ends {@link silence}. */
export function replug(node: NodeName, mode: Mode): void {
  const ports = legsOf(node, mode).map((leg) => `link set ${node}-${leg} master ${bridgeOf(leg)}`);
  run('ip', ['-n', SWITCH, '-batch', '-'], ports.join('\n'));
}

/** The node's front cable is pulled: it sees the carrier go. */
export function unplugFront(node: NodeName): void {
  run('ip', ['-n', SWITCH, 'link', 'set', `${node}-eth0`, 'down']);
}

/**
 * Stopped first, and children before parents: one woken by its parent's death could still send a polite
 * last advert.
 */
export function killProcesses(pids: readonly number[]): void {
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const)
    for (const pid of pids.toSorted((a, b) => b - a)) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
}

function plugIn(nodes: readonly NodeName[], mode: Mode): void {
  const cables = nodes.flatMap((node) => legsOf(node, mode).map((leg) => ({ node, leg })));
  const links = cables.map(({ node, leg }) => {
    const mac = `02:00:00:00:0${leg.at(-1)}:${HOST_PART[node].toString(16).padStart(2, '0')}`;
    return `link add ${leg} netns ${node} address ${mac} type veth peer name ${node}-${leg} netns ${SWITCH}`;
  });
  run('ip', ['-batch', '-'], links.join('\n'));
  const ports = cables.map(({ node, leg }) => `link set ${node}-${leg} master ${bridgeOf(leg)} up`);
  run('ip', ['-n', SWITCH, '-batch', '-'], ports.join('\n'));
  for (const node of nodes) {
    setSysctls(node, mode);
    run('ip', ['-n', node, '-batch', '-'], addressesOf(node, mode).join('\n'));
  }
}

function bridgeOf(leg: 'eth0' | 'eth1'): string {
  return leg === 'eth0' ? 'front' : 'back';
}

function setSysctls(node: NodeName, mode: Mode): void {
  const interfaces = ['all', 'default', ...legsOf(node, mode)];
  const values: [string, string][] = interfaces.flatMap((name): [string, string][] => [
    [`ipv4/conf/${name}/rp_filter`, '0'],
    [`ipv4/conf/${name}/accept_redirects`, '0'],
    [`ipv4/conf/${name}/send_redirects`, '0'],
  ]);
  if (node.startsWith('dir')) values.push(['ipv4/ip_forward', '1'], ['ipv6/conf/all/forwarding', '1']);
  // The real servers of DR and TUN own the VIP as well and must not say so (ARP).
  if (node.startsWith('rs') && mode !== 'nat')
    for (const name of ['all', 'default'])
      values.push([`ipv4/conf/${name}/arp_ignore`, '1'], [`ipv4/conf/${name}/arp_announce`, '2']);
  inside(node, () => {
    for (const [name, value] of values) writeFileSync(`/proc/sys/net/${name}`, value);
  });
}

function addressesOf(node: NodeName, mode: Mode): string[] {
  const legs = legsOf(node, mode).flatMap((leg) => [
    `link set ${leg} up`,
    `addr add ${addressOf(node, leg)}/${PREFIX_LENGTH[4]} dev ${leg}`,
    `addr add ${addressOf(node, leg, 6)}/${PREFIX_LENGTH[6]} dev ${leg} nodad`,
  ]);
  return ['link set lo up', ...legs, ...(node.startsWith('rs') ? serverExtras(node, mode) : [])];
}

function serverExtras(node: NodeName, mode: Mode): string[] {
  switch (mode) {
    case 'nat':
      return [`route add default via ${GATEWAYS[4]}`, `route add ::/0 via ${GATEWAYS[6]}`];
    case 'dr':
      return [`addr add ${VIPS[4]}/32 dev lo`, `addr add ${VIPS[6]}/128 dev lo nodad`];
    case 'tun':
      return [
        `link add tun4 type ipip local ${addressOf(node, 'eth0')}`,
        `link add tun6 type ip6tnl local ${addressOf(node, 'eth0', 6)}`,
        'link set tun4 up',
        'link set tun6 up',
        `addr add ${VIPS[4]}/32 dev tun4`,
        `addr add ${VIPS[6]}/128 dev tun6 nodad`,
      ];
  }
}

function run(command: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { input, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}\n${input}`);
  return stdout;
}

/** True in the guest, where these programs may do what they like; false on somebody's machine. */
export function assertInGuest(): void {
  if (process.env.LAB_OUT === undefined || !existsSync('/proc/net/ip_vs'))
    throw new Error('this program belongs in the lab: run it through test/lab/guest.ts');
}
