// Files of random virtual servers that Debian's keepalived 2.2.7 and we should make the same IPVS table of.
// Left out is what its kernel here has not (twos), and where we are better on purpose: a granularity of a
// group, which keepalived forgets, a range beyond one last octet, which it
// never gets to the end of, and a family in the tunnel of a whole service, which it refuses.
import type { Random } from '../../../src/core/time.ts';

const SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'sh', 'mh', 'dh', 'fo', 'ovf', 'sed', 'nq'];
const METHODS = [
  'NAT',
  'DR',
  'TUN',
  'TUN type ipip nocsum',
  'TUN type gre',
  'TUN type gre csum',
  'TUN type gue port 6080',
  'TUN type gue port 6081 csum',
  'TUN type gue port 6082 remcsum',
];

type Pick = <T>(...from: readonly T[]) => T;
type Service = {
  pick: Pick;
  chance: (part: number) => boolean;
  six: boolean;
  port: number;
  hasPort: boolean;
};

/** `count` virtual servers, no two of which have a service in common. */
export function serviceFile(random: Random, count: number): string {
  const pick: Pick = (...from) => from[Math.floor(random() * from.length)]!;
  const chance = (part: number) => random() < part;
  const blocks = Array.from({ length: count }, (_, index) => {
    const six = chance(0.3);
    const port = 1000 + index;
    const kind = pick('address', 'address', 'any port', 'mark', 'group', 'group of marks');
    const service = { pick, chance, six, port, hasPort: kind === 'address' };
    const [before, head] = headOf(kind, index, service);
    const isMark = kind.includes('mark');
    return `${before}virtual_server ${head} {\n${bodyOf(service, isMark, kind.startsWith('group'))}}\n`;
  });
  return blocks.join('\n');
}

function headOf(kind: string, index: number, { pick, six, port }: Service): [string, string] {
  const address = six ? `2001:db8:1::${(index + 1).toString(16)}` : `10.1.${index}.1`;
  switch (kind) {
    case 'address':
      return ['', `${address} ${port}`];
    case 'any port':
      return ['', pick(address, `${address} 0`)];
    case 'mark':
      return ['', `fwmark ${index + 1}`];
    case 'group of marks':
      return [`virtual_server_group g${index} {\n  fwmark ${500 + index}\n}\n`, `group g${index}`];
    default: {
      const ranges = six
        ? [
            `2001:db8:${index + 1}:1::1 ${port}`,
            `2001:db8:${index + 1}:2::1-5 ${port}`,
            `2001:db8:${index + 1}:3::/126 443`,
          ]
        : [
            `10.2.${index}.1 ${port}`,
            `10.3.${index}.1-5 ${port}`,
            `10.4.${index}.8/29 443`,
            `10.5.${index}.200-10.5.${index}.205 ${port}`,
          ];
      const members = [...ranges, `fwmark ${700 + index}${pick('', six ? ' inet6' : ' inet')}`];
      const chosen = members.filter((_, i) => i === 0 || pick(true, false));
      return [
        `virtual_server_group g${index} {\n${chosen.map((line) => `  ${line}\n`).join('')}}\n`,
        `group g${index}`,
      ];
    }
  }
}

function bodyOf(service: Service, isMark: boolean, isGroup: boolean): string {
  const { pick, chance, six } = service;
  const protocol = pick('TCP', 'UDP', 'SCTP');
  const scheduler = pick(...SCHEDULERS);
  const lines = [`lvs_sched ${scheduler}`];
  if (!isMark) lines.push(`protocol ${protocol}`);
  else if (chance(0.5)) lines.push(`ip_family ${six ? 'inet6' : 'inet'}`);
  if (scheduler === 'sh' || scheduler === 'mh')
    for (const flag of ['port', 'fallback']) if (chance(0.5)) lines.push(`${scheduler}-${flag}`);
  if (chance(0.1)) lines.push(pick('flag-1', 'flag-2', 'flag-3', 'hashed'));
  if ((isMark || protocol === 'UDP') && chance(0.3)) lines.push('ops');
  if (chance(0.4)) lines.push(pick('persistence_timeout', 'persistence_timeout 90'));
  if (!isGroup && chance(0.2)) lines.push(`persistence_granularity ${six ? 64 : '255.255.255.0'}`);
  if (chance(0.1)) lines.push('persistence_engine sip');
  if (chance(0.3)) lines.push(`weight ${pick(2, 50)}`);
  lines.push(`${pick('lvs_method', 'lb_kind')} ${pick(...METHODS)}`);
  if (chance(0.3)) lines.push(...sorryOf(service));
  if (chance(0.2)) lines.push('inhibit_on_failure');
  if (chance(0.2)) lines.push(`quorum ${pick(2, 5)}`, `hysteresis ${pick(0, 1)}`);
  // No check is made before the tables are compared: what is not up from the start stays so.
  lines.push('delay_loop 3600');
  const servers = Array.from({ length: pick(1, 2, 4) }, (_, index) => serverOf(service, index));
  return `${lines.map((line) => `  ${line}\n`).join('')}${servers.join('')}`;
}

function sorryOf({ pick, chance, six, port }: Service): string[] {
  const lines = [`sorry_server ${six ? '2001:db8:fe::1' : '10.9.1.1'}${pick('', ` ${port}`)}`];
  if (chance(0.5)) lines.push('sorry_server_inhibit');
  if (chance(0.3)) lines.push(`sorry_server_lvs_method ${pick(...METHODS)}`);
  return lines;
}

function serverOf({ pick, chance, six, port, hasPort }: Service, index: number): string {
  const lines: string[] = [];
  const method = chance(0.3) ? pick(...METHODS) : undefined;
  if (method !== undefined) lines.push(`lvs_method ${method}`);
  const other = index > 0 && method?.startsWith('TUN') && chance(0.3);
  const address = six === !other ? `2001:db8:ff::${index + 1}` : `10.9.0.${index + 1}`;
  if (chance(0.5)) lines.push(`weight ${pick(0, 1, 7, 65535)}`);
  if (chance(0.3)) lines.push(`uthreshold ${pick(100, 200)}`, `lthreshold ${pick(0, 50)}`);
  if (chance(0.3)) lines.push(pick('alpha', 'alpha off'), 'TCP_CHECK {\nconnect_port 9\n}');
  if (chance(0.1)) lines.push(pick('inhibit_on_failure', 'inhibit_on_failure off'));
  const head = hasPort
    ? pick(`${address} ${port}`, address, `${address} ${method === 'NAT' ? 8080 : port}`)
    : address;
  return `  real_server ${head} {\n${lines.map((line) => `    ${line}\n`).join('')}  }\n`;
}
