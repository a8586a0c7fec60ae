// Part of kernel-plane.ts: `lvs-director ipvs` prints what ipvsadm prints, byte for byte, for tables made by
// chance. A difference is shown with the seed that made the table.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { type IpvsFlags, ipvs } from '../../../src/cli/ipvs.ts';

type Check = (name: string, body: () => Promise<unknown>) => Promise<void>;
type Ipvsadm = (...words: string[]) => string;

const USUAL: IpvsFlags = {
  ipv6: false,
  numeric: true,
  connection: false,
  save: false,
  timeout: false,
  daemon: false,
  stats: false,
  rate: false,
  thresholds: false,
  persistentConn: false,
  tunInfo: false,
  exact: false,
  sort: true,
  json: false,
};
/** ipvsadm's words, and the same as our flags. */
const VIEWS: readonly [string, Partial<IpvsFlags>][] = [
  ['-Ln', {}],
  ['-Ln --nosort', { sort: false }],
  ['-Ln --stats', { stats: true }],
  ['-Ln --stats --exact', { stats: true, exact: true }],
  ['-Ln --rate', { rate: true }],
  ['-Ln --thresholds', { thresholds: true }],
  ['-Ln --persistent-conn', { persistentConn: true }],
  ['-Ln --tun-info', { tunInfo: true }],
  ['-Ln --tun-info --rate', { tunInfo: true, rate: true }],
  ['-Sn', { save: true }],
  ['-S', { save: true, numeric: false }],
  ['-L', { numeric: false }],
  ['-L --timeout', { timeout: true }],
  ['-Lnc', { connection: true }],
  ['-Lnc --persistent-conn', { connection: true, persistentConn: true }],
];

async function ours(flags: Partial<IpvsFlags>): Promise<string> {
  let output = '';
  let errors = '';
  const code = await ipvs(
    { ...USUAL, ...flags },
    (text) => (output += text),
    (text) => (errors += text),
  );
  assert.equal(code, 0, errors);
  return output;
}

const port = fc.constantFrom(21, 53, 80, 443, 5060, 8080, 65_535);
const four = fc.ipV4().filter((text) => !/^(0|127|22[4-9]|2[3-5]\d)\./.test(text));
const six = fc.constantFrom('2001:db8::100', '2001:db8:1:2:3:4:5:6', 'fd00::1', '9000::1');
const endpoint = (host: string, number: number) =>
  host.includes(':') ? `[${host}]:${number}` : `${host}:${number}`;
const method = fc.oneof(
  fc.constantFrom('-m', '-g', '-i', '-i --tun-type gre --tun-csum', '-i --tun-type gre --tun-nocsum'),
  fc
    .tuple(port, fc.constantFrom('--tun-nocsum', '--tun-csum', '--tun-remcsum'))
    .map(([number, checksum]) => `-i --tun-type gue --tun-port ${number} ${checksum}`),
);
const scheduler = fc.constantFrom(
  ...[
    'rr',
    'wlc',
    'sed',
    'ovf',
    'sh',
    'sh -b sh-port',
    'sh -b sh-fallback,sh-port',
    'mh -b mh-fallback,mh-port',
  ],
  ...['rr -b flag-1', 'lc -b flag-2,flag-3'],
);
const persistence = (is6: boolean) =>
  fc.constantFrom(
    '',
    '-p 300',
    '-p 60',
    ...(is6 ? ['-p 9 -M 64'] : ['-p 9 -M 255.255.255.0', '-p 9 -M 255.0.0.0']),
  );
const settings = (is6: boolean) =>
  fc.tuple(scheduler, persistence(is6)).map(([name, persistent]) => `-s ${name} ${persistent}`);

const server = (host: fc.Arbitrary<string>) =>
  fc.record({
    at: fc.tuple(host, port).map(([address, number]) => endpoint(address, number)),
    method,
    weight: fc.nat(100_000),
    upper: fc.nat(60_000),
    lower: fc.nat(60_000),
  });
const service = fc.boolean().chain((is6) => {
  const host = is6 ? six : four;
  const byAddress = fc
    .tuple(fc.constantFrom('-t', '-u', '--sctp-service'), host, port)
    .map(([kind, address, number]) => `${kind} ${endpoint(address, number)}`);
  const byMark = fc.integer({ min: 1, max: 0x7fff_ffff }).map((mark) => `-f ${mark}${is6 ? ' -6' : ''}`);
  return fc.record({
    selector: fc.oneof(byAddress, byMark),
    settings: settings(is6),
    servers: fc.uniqueArray(server(host), { maxLength: 5, selector: ({ at }) => at }),
  });
});
const table = fc
  .uniqueArray(service, { maxLength: 12, selector: ({ selector }) => selector })
  .map((services) => services.flatMap(rulesOf));

function rulesOf({ selector, settings, servers }: typeof service extends fc.Arbitrary<infer S> ? S : never) {
  // Only with NAT may a server's port be another than the service's: ipvsadm takes that one instead.
  const places = servers.map(({ at, method }) =>
    method === '-m' ? at : at.replace(/\d+$/, portOf(selector)),
  );
  const different = servers.filter((_, index) => places.indexOf(places[index]!) === index);
  const each = different.map(({ at, method, weight, upper, lower }) => {
    const thresholds = `-x ${upper} -y ${Math.min(upper, lower)}`;
    return `-a ${selector} -r ${at} ${method} -w ${weight} ${thresholds}`;
  });
  return [`-A ${selector} ${settings}`, ...each];
}

/** A mark has none. */
function portOf(selector: string): string {
  return /:(\d+)$/.exec(selector)?.[1] ?? '0';
}

export async function checkListing(check: Check, ipvsadm: Ipvsadm): Promise<void> {
  await check('ipvs: whatever the table, what ipvsadm prints', async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(table, async (rules) => {
        ipvsadm('-C');
        execFileSync('ipvsadm', ['-R'], { input: rules.map((rule) => `${rule}\n`).join('') });
        count += rules.length;
        for (const [words, flags] of VIEWS)
          assert.equal(timeless(await ours(flags)), timeless(ipvsadm(...words.split(' '))), words);
      }),
      { numRuns: 15 },
    );
    assert(count > 100, `only ${count} rules`);
    return `${count} rules`;
  });
}

/** Connections of the checks before this one are listed, too: the clock goes on between two listings. */
function timeless(text: string): string {
  return text.replace(/^(TCP|UDP) \d\d:\d\d/gm, '$1 --:--');
}
