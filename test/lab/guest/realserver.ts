// Real servers that are broken, each in one way, around a director that holds the virtual addresses, and what
// `realserver verify` says of them: on the director, by packets, and on the server itself. Then `apply` on
// each, and the director asks again; then `remove`, and each is what it was. One network for DR and TUN, one
// for NAT.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { inside } from './namespace.ts';
import { assertInGuest } from './network.ts';
import { Phases } from './phases.ts';

const BIN = join(import.meta.dirname, '../../../bin/lvs-director');
const FILE = '/run/realserver.conf';
const PORT = 80;
const VIP = {
  dr: '10.0.0.50',
  tun: '10.0.0.51',
  nat: '10.0.0.52',
  gre: '10.0.0.53',
  gue: '10.0.0.54',
  dr6: 'fd00::50',
  tun6: 'fd00::51',
  nat6: 'fd00::52',
} as const;
const GUE_PORT = 6080;

type Node = {
  /** The last part of its addresses. */
  host: number;
  mode: 'dr' | 'tun' | 'nat' | 'gre' | 'gue';
  /** Where the network ends. */
  mtu?: number;
  sysctls?: Readonly<Record<string, number>>;
  /** Lines of `ip -batch`. */
  lines?: readonly string[];
  deaf?: true;
};
const QUIET = { 'all/arp_ignore': 1, 'all/arp_announce': 2 };
const vips = (...names: (keyof typeof VIP)[]) =>
  names.map((name) => `addr add ${VIP[name]}/${VIP[name].includes(':') ? 128 : 32} dev lo`);
const tunnels = (host: number) => [
  `link add tun4 type ipip local 10.0.0.${host}`,
  `link add tun6 type ip6tnl local fd00::${host}`,
  'link set tun4 up',
  'link set tun6 up',
];
const via = (host: number) => [`route add default via 10.1.0.${host}`, `route add ::/0 via fd01::${host}`];

/** Everything but the first of each mode lacks one thing. */
const NODES: Readonly<Record<string, Node>> = {
  'dr-good': { host: 21, mode: 'dr', sysctls: QUIET, lines: vips('dr', 'dr6') },
  'dr-novip': { host: 22, mode: 'dr', sysctls: QUIET },
  'dr-arp': { host: 23, mode: 'dr', lines: vips('dr', 'dr6') },
  'dr-deaf': { host: 24, mode: 'dr', sysctls: QUIET, lines: vips('dr', 'dr6'), deaf: true },
  'tun-good': {
    host: 31,
    mode: 'tun',
    mtu: 9000,
    sysctls: QUIET,
    lines: [...tunnels(31), ...vips('tun', 'tun6')],
  },
  'tun-nodev': { host: 32, mode: 'tun', sysctls: QUIET, lines: vips('tun', 'tun6') },
  'tun-strict': {
    host: 33,
    mode: 'tun',
    mtu: 9000,
    sysctls: { ...QUIET, 'all/rp_filter': 1 },
    lines: [...tunnels(33), ...vips('tun', 'tun6')],
  },
  'tun-novip': { host: 34, mode: 'tun', mtu: 9000, sysctls: QUIET, lines: tunnels(34) },
  'tun-mtu': { host: 35, mode: 'tun', sysctls: QUIET, lines: [...tunnels(35), ...vips('tun', 'tun6')] },
  'tun-gre': { host: 36, mode: 'gre', mtu: 9000, sysctls: QUIET, lines: vips('gre') },
  'tun-gue': {
    host: 37,
    mode: 'gue',
    mtu: 9000,
    sysctls: QUIET,
    lines: [
      `fou add port ${GUE_PORT} gue`,
      'link add tun4 type ipip local 10.0.0.37',
      'link set tun4 up',
      ...vips('gue'),
    ],
  },
  'nat-good': { host: 41, mode: 'nat', lines: via(1) },
  'nat-gateway': { host: 42, mode: 'nat', lines: via(41) },
};

function configuration(): string {
  const held = Object.values(VIP);
  const of = (mode: Node['mode'], prefix: string) =>
    Object.values(NODES).flatMap((node) => (node.mode === mode ? [`${prefix}${node.host}`] : []));
  const service = (vip: string, kind: string, servers: readonly string[]) =>
    `virtual_server ${vip} ${PORT} {\n  lb_algo rr\n  lb_kind ${kind}\n  protocol TCP\n${servers
      .map((server) => `  real_server ${server} ${PORT} {\n  }\n`)
      .join('')}}\n`;
  return [
    'vrrp_instance VI_1 {\n  interface eth0\n  virtual_router_id 51\n  priority 100\n  virtual_ipaddress {',
    ...held.filter((vip) => !vip.includes(':')).map((vip) => `    ${vip}/32`),
    '    10.1.0.1/24 dev eth1\n  }\n  virtual_ipaddress_excluded {',
    ...held.filter((vip) => vip.includes(':')).map((vip) => `    ${vip}/128`),
    '    fd01::1/64 dev eth1\n  }\n}',
    service(VIP.dr, 'DR', of('dr', '10.0.0.')),
    service(VIP.dr6, 'DR', of('dr', 'fd00::')),
    service(VIP.tun, 'TUN', of('tun', '10.0.0.')),
    service(VIP.tun6, 'TUN', of('tun', 'fd00::')),
    service(VIP.nat, 'NAT', of('nat', '10.1.0.')),
    service(VIP.nat6, 'NAT', of('nat', 'fd01::')),
    service(VIP.gre, 'TUN type gre', of('gre', '10.0.0.')),
    service(VIP.gue, `TUN type gue port ${GUE_PORT}`, of('gue', '10.0.0.')),
  ].join('\n');
}

function run(command: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(command, args, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}\n${input}`);
  return stdout;
}

function build(): void {
  const names = ['sw', 'dir', ...Object.keys(NODES)];
  run('ip', ['-batch', '-'], names.map((name) => `netns add ${name}`).join('\n'));
  const bridges = ['front', 'back'].map((name) => `link add ${name} mtu 9000 type bridge mcast_snooping 0`);
  run('ip', ['-n', 'sw', '-batch', '-'], [...bridges, 'link set front up', 'link set back up'].join('\n'));
  plug('dir', 'eth0', 'front', 9000, 11);
  plug('dir', 'eth1', 'back', 1500, 12);
  inside('dir', () => {
    for (const path of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding'])
      writeFileSync(`/proc/sys/net/${path}`, '1');
  });
  const held = Object.values(VIP).map(
    (vip) => `addr add ${vip}/${vip.includes(':') ? '128 nodad' : 32} dev eth0`,
  );
  const own = [
    'addr add 10.0.0.11/24 dev eth0',
    'addr add 10.1.0.11/24 dev eth1',
    'addr add 10.1.0.1/24 dev eth1',
    'addr add fd00::11/64 dev eth0 nodad',
    'addr add fd01::11/64 dev eth1 nodad',
    'addr add fd01::1/64 dev eth1 nodad',
  ];
  run('ip', ['-n', 'dir', '-batch', '-'], [...own, ...held].join('\n'));
  for (const [name, node] of Object.entries(NODES)) buildNode(name, node);
}

function buildNode(name: string, { host, mode, mtu = 1500, sysctls = {}, lines = [], deaf }: Node): void {
  plug(name, 'eth0', mode === 'nat' ? 'back' : 'front', mtu, host);
  const network = mode === 'nat' ? '10.1.0' : '10.0.0';
  const own = [
    `addr add ${network}.${host}/24 dev eth0`,
    `addr add ${mode === 'nat' ? 'fd01' : 'fd00'}::${host}/64 dev eth0 nodad`,
  ];
  run('ip', ['-n', name, '-batch', '-'], [...own, ...lines].join('\n'));
  inside(name, () => {
    for (const [path, value] of Object.entries(sysctls))
      writeFileSync(`/proc/sys/net/ipv4/conf/${path}`, String(value));
    // Without a host listen() makes its socket at once, so still in this namespace.
    if (deaf === undefined) createServer().listen(PORT).unref();
  });
}

function plug(name: string, leg: string, bridge: string, mtu: number, host: number): void {
  const port = `${bridge}${host}`;
  const mac = `02:00:00:00:00:${host}`;
  const cable = `link add ${leg} netns ${name} address ${mac} mtu ${mtu} type veth peer name ${port}`;
  run('ip', ['-batch', '-'], `${cable} mtu ${mtu} netns sw`);
  run('ip', ['-n', 'sw', 'link', 'set', port, 'master', bridge, 'up']);
  run('ip', ['-n', name, '-batch', '-'], `link set lo up\nlink set ${leg} up`);
}

type Report = { exitCode: number; findings: { code: string; level: string; server: string; says: string }[] };
function realserver(name: string, ...words: string[]): string {
  const args = [BIN, 'realserver', ...words, '-f', FILE, '--state', `/run/state-${name}/realserver.json`];
  const { stdout, stderr } = spawnSync('ip', ['netns', 'exec', name, ...args], { encoding: 'utf8' });
  if (stderr !== '') throw new Error(`realserver ${words.join(' ')} on ${name}: ${stderr}`);
  return stdout;
}
/** By machine: what is not as it has to be. */
function verify(name: string): Record<string, string[]> {
  const report: Report = JSON.parse(realserver(name, 'verify', '--json'));
  const found: Record<string, string[]> = {};
  for (const { code, level, server, says } of report.findings) {
    if (level === 'ok') continue;
    const part = Number(server.split(/[.:]/).at(-1));
    const [machine] = Object.entries(NODES).find(([, { host }]) => host === part)!;
    found[machine] = [
      ...(found[machine] ?? []),
      `${server.includes(':') ? '6' : '4'} ${level} ${code}: ${says}`,
    ];
  }
  return found;
}
/** What of a machine `realserver` may touch. */
function machine(name: string): string {
  const shown = ['-br addr', '-4 route', '-6 route', '-br link'].map((what) =>
    run('ip', ['-n', name, ...what.split(' ')]),
  );
  const words = ['arp_ignore', 'arp_announce', 'rp_filter'];
  const values = inside(name, () =>
    words.map((word) => readFileSync(`/proc/sys/net/ipv4/conf/all/${word}`, 'utf8')),
  );
  return [...shown, ...values].join('\n');
}

assertInGuest();
run('modprobe', ['-d', process.env.LAB_OUT!, '-a', 'ip_gre', 'fou']);
writeFileSync(FILE, configuration());
build();
const phases = new Phases();
// Each start of a program takes seconds in the guest: not every one on every machine.
const broken = [
  'dr-novip',
  'dr-arp',
  'tun-nodev',
  'tun-strict',
  'tun-novip',
  'tun-mtu',
  'tun-gre',
  'nat-gateway',
];
const tunnelled = broken.filter((name) => NODES[name]!.mode !== 'dr');
const before = new Map(tunnelled.map((name) => [name, machine(name)]));

await phases.run('director', async () => verify('dir'));
await phases.run('servers', async () =>
  Object.fromEntries(tunnelled.map((name) => [name, verify(name)[name] ?? []])),
);
await phases.run('applied', async () => {
  for (const name of broken) realserver(name, 'apply');
  const again = ['tun-nodev', 'tun-mtu'].map((name) => realserver(name, 'apply', '--json'));
  return { steps: again.flatMap((report) => JSON.parse(report).steps), found: verify('dir') };
});
await phases.run('removed', async () => {
  const changed = tunnelled.filter((name) => machine(name) !== before.get(name));
  for (const name of tunnelled) realserver(name, 'remove');
  const left = tunnelled.filter((name) => machine(name) !== before.get(name)).map(machine);
  return { changed, left };
});
await phases.run('doctor', async () => {
  const look = () => {
    const words = ['netns', 'exec', 'dir', BIN, 'doctor', '-f', FILE, '--json'];
    const { stdout } = spawnSync('ip', words, { encoding: 'utf8' });
    return JSON.parse(stdout);
  };
  const asItIs = look();
  const settings = { 'ipv4/ip_forward': 0, 'ipv4/vs/sloppy_tcp': 1, 'ipv4/vs/conn_reuse_mode': 0 };
  inside('dir', () => {
    for (const [path, value] of Object.entries(settings))
      writeFileSync(`/proc/sys/net/${path}`, String(value));
  });
  return { asItIs, worse: look() };
});
phases.finish();
