// Sixteen virtual routers of a pair: eight ways of speaking VRRP, each once with dirA and once with dirB as
// the better one. lvs-director and keepalived read the same text.
import { addressOf, DIRECTORS, type DirectorName } from './addresses.ts';

const WAYS = [
  { way: 'v2', family: 4, advert: 1, lines: ['version 2'] },
  {
    way: 'v2-pass',
    family: 4,
    advert: 1,
    lines: ['version 2', 'authentication {', 'auth_type PASS', 'auth_pass a-secret', '}'],
  },
  { way: 'v3', family: 4, advert: 0.2, lines: ['version 3'] },
  { way: 'v3-unicast', family: 4, advert: 0.2, lines: ['version 3'] },
  { way: 'ipv6', family: 6, advert: 0.2, lines: ['version 3'] },
  { way: 'ipv6-unicast', family: 6, advert: 0.2, lines: ['version 3'] },
  { way: 'vmac', family: 4, advert: 0.2, lines: ['version 3', 'use_vmac'] },
  { way: 'ipv6-vmac', family: 6, advert: 0.2, lines: ['version 3', 'use_vmac'] },
] as const;
const PRIORITY = { better: 200, worse: 100 };

export type Spoken = (typeof WAYS)[number] & { name: string; vrid: number; better: DirectorName };

export const instances: readonly Spoken[] = WAYS.flatMap((spoken, index) =>
  DIRECTORS.map((better, place) => ({
    ...spoken,
    name: `${spoken.way}-${better}`,
    vrid: 2 * index + place + 1,
    better,
  })),
);

/** The one that the client asks for. */
export function vipOf({ family, vrid }: Spoken): string {
  return family === 4 ? `10.0.0.${100 + vrid}` : `fd00::${100 + vrid}`;
}

/** Milliseconds from the last advert to the takeover by the worse one (RFC 9568 §6.1). */
export function masterDownMs({ advert }: Spoken): number {
  return advert * 1000 * (3 + (256 - PRIORITY.worse) / 256);
}

export function renderInterop(node: DirectorName): string {
  const global = [
    'vrrp_version 3',
    'vrrp_rt_priority 50',
    // Sixteen instances at once take more than the 10 ms that keepalived gives itself: the kernel kills it.
    'vrrp_rlimit_rttime 10000000',
    'vrrp_garp_master_delay 1',
  ];
  return [block('global_defs', global), ...instances.map((own) => renderInstance(own, node))].join('\n');
}

function renderInstance(own: Spoken, node: DirectorName): string {
  const { name, vrid, better, advert, lines, way } = own;
  const isUnicast = way.endsWith('unicast');
  return block(`vrrp_instance ${name}`, [
    'state BACKUP',
    'interface eth0',
    `virtual_router_id ${vrid}`,
    `priority ${node === better ? PRIORITY.better : PRIORITY.worse}`,
    `advert_int ${advert}`,
    ...lines,
    ...(isUnicast ? unicast(own, node) : []),
    'virtual_ipaddress {',
    ...(own.family === 4 ? [`${vipOf(own)}/24`] : [`fe80::${vrid}/64`, `${vipOf(own)}/64`]),
    '}',
  ]);
}

function unicast({ family }: Spoken, node: DirectorName): string[] {
  const other = node === 'dirA' ? 'dirB' : 'dirA';
  const of = (each: DirectorName) => addressOf(each, 'eth0', family);
  return [`unicast_src_ip ${of(node)}`, 'unicast_peer {', of(other), '}'];
}

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.map((line) => `    ${line}`).join('\n')}\n}\n`;
}
