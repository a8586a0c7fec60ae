// `lvs-director realserver` on machines of its own, network namespaces: what it does the kernel then has, as
// ip(8) and ping see it; a second time it does nothing; and it gives back what was there.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

// Some start a dozen programs, one after the other.
vi.setConfig({ testTimeout: 180_000 });
const BIN = fileURLToPath(new URL('../../bin/lvs-director', import.meta.url));
const [SERVER, OTHER] = [`rs-${process.pid}`, `lan-${process.pid}`];
const scratch = mkdtempSync(join(tmpdir(), 'lvs-realserver-'));
const FILE = join(scratch, 'director.conf');
const STATE = join(scratch, 'run', 'realserver.json');

const service = (vip: string, kind: string, servers: string[], port = 80) =>
  `virtual_server ${vip} ${port} {
  lb_algo rr
  lb_kind ${kind}
  protocol TCP
${servers.map((server) => `  real_server ${server} {\n  }\n`).join('')}}
`;
const instance = `vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority 100
  virtual_ipaddress {
    10.0.0.50/24
    10.0.9.50/24
  }
  virtual_ipaddress_excluded {
    10.0.0.1/24
    fd00::50/64
    fd00::1/64
    fd09::50/64
  }
}
`;
const DR = service('10.0.0.50', 'DR', ['10.0.0.21 80', '10.0.0.22 80']);
const DR6 = service('fd00::50', 'DR', ['fd00::21 80']);
/** What is a service's address is hardly a gateway. */
const OTHERS = service('10.0.0.50', 'DR', ['10.0.0.22 80']) + service('fd00::50', 'DR', ['fd00::22 80']);
const NAT = service('10.0.9.50', 'NAT', ['10.0.0.21 8080']);
const NAT6 = service('fd09::50', 'NAT', ['fd00::21 8080']);

function ip(...words: string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
const inServer = (...words: string[]) =>
  execFileSync('ip', ['netns', 'exec', SERVER, ...words], { encoding: 'utf8' });
function sysctl(path: string, value?: number): string {
  if (value !== undefined) inServer('sh', '-c', `echo ${value} > /proc/sys/net/${path}`);
  return inServer('cat', `/proc/sys/net/${path}`).trim();
}
/** Everything of the machine that `realserver` may touch. */
function machine(): string {
  const shown = ['-br addr', '-4 route', '-6 route', '-d link'].map((what) =>
    ip('-n', SERVER, ...what.split(' ')).replace(/ (valid|preferred)_lft .*/g, ''),
  );
  const words = ['arp_ignore', 'arp_announce', 'rp_filter'];
  return [...shown, ...words.map((word) => sysctl(`ipv4/conf/all/${word}`))].join('\n');
}

type Report = {
  exitCode: number;
  steps?: { step: string; result: string }[];
  findings: { code: string; level: string; says: string; hint?: string }[];
};
function run(action: string, ...options: string[]): { code: number | null; output: string; errors: string } {
  const words = [
    'netns',
    'exec',
    SERVER,
    BIN,
    'realserver',
    action,
    '-f',
    FILE,
    '--state',
    STATE,
    ...options,
  ];
  const { status, stdout, stderr } = spawnSync('ip', words, { encoding: 'utf8' });
  return { code: status, output: stdout, errors: stderr };
}
function report(action: string, ...options: string[]): Report {
  const { output, errors } = run(action, '--json', ...options);
  expect(errors).toBe('');
  return JSON.parse(output);
}
const bad = ({ findings }: Report) =>
  findings.flatMap(({ level, code }) => (level === 'ok' ? [] : [`${level} ${code}`]));

/** Does the machine on the other end of the cable learn who has the address? */
function isAnswered(address: string): boolean {
  ip('-n', OTHER, 'neigh', 'flush', 'all');
  const family = address.includes(':') ? '-6' : '-4';
  spawnSync('ip', ['netns', 'exec', OTHER, 'ping', family, '-c', '1', '-W', '1', address]);
  return /lladdr/.test(ip('-n', OTHER, 'neigh', 'show', address));
}

beforeAll(() => {
  writeFileSync(FILE, instance + DR);
});
beforeEach(() => {
  for (const name of [SERVER, OTHER]) {
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  ip('-n', SERVER, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', OTHER);
  for (const [name, part] of [
    [SERVER, 21],
    [OTHER, 99],
  ] as const) {
    ip('-n', name, 'link', 'set', 'eth0', 'up');
    ip('-n', name, 'addr', 'add', `10.0.0.${part}/24`, 'dev', 'eth0');
    ip('-n', name, 'addr', 'add', `fd00::${part}/64`, 'dev', 'eth0', 'nodad');
  }
});
afterEach(() => {
  for (const name of [SERVER, OTHER]) ip('netns', 'del', name);
  rmSync(join(scratch, 'run'), { recursive: true, force: true });
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('DR', () => {
  test('what is missing is said, done, done once, and given back', () => {
    writeFileSync(FILE, instance + DR);
    sysctl('ipv4/conf/all/arp_announce', 1);
    const before = machine();
    expect(bad(report('verify'))).toEqual([
      'wrong RS_ARP_IGNORE',
      'wrong RS_ARP_ANNOUNCE',
      'wrong RS_VIP',
      'wrong RS_PORT',
    ]);
    const dry = run('apply', '--dry-run');
    expect([dry.code, dry.output]).toEqual([
      0,
      [
        '~ net.ipv4.conf.all.arp_ignore: 0 → 1',
        '~ net.ipv4.conf.all.arp_announce: 1 → 2',
        '+ 10.0.0.50/32 on lo',
        '',
      ].join('\n'),
    ]);
    expect([machine(), existsSync(STATE)]).toEqual([before, false]);
    const first = report('apply');
    expect(first.steps?.map(({ result }) => result)).toEqual(['done', 'done', 'done']);
    expect(bad(first)).toEqual(['wrong RS_PORT']);
    expect(ip('-n', SERVER, 'addr', 'show', 'lo')).toContain('10.0.0.50/32');
    expect([sysctl('ipv4/conf/all/arp_ignore'), sysctl('ipv4/conf/all/arp_announce')]).toEqual(['1', '2']);
    expect([isAnswered('10.0.0.50'), isAnswered('10.0.0.21')]).toEqual([false, true]);
    const [made, written] = [machine(), readFileSync(STATE, 'utf8')];
    const second = run('apply');
    expect([second.code, second.output.split('\n')[0]]).toEqual([1, 'nothing to change']);
    expect([machine(), readFileSync(STATE, 'utf8')]).toEqual([made, written]);
    expect(run('remove').output).toBe(
      [
        'done   - 10.0.0.50/32 on lo',
        'done   ~ net.ipv4.conf.all.arp_announce: 2 → 1',
        'done   ~ net.ipv4.conf.all.arp_ignore: 1 → 0',
        '',
      ].join('\n'),
    );
    expect([machine(), existsSync(STATE)]).toEqual([before, false]);
    const again = run('remove');
    expect([again.code, again.output]).toEqual([
      0,
      'nothing to give back: `realserver apply` has changed nothing here\n',
    ]);
  });

  test('without arp_ignore it is the one that answers: so the finding is true', () => {
    report('apply');
    sysctl('ipv4/conf/all/arp_ignore', 0);
    expect(bad(report('verify'))).toContain('wrong RS_ARP_IGNORE');
    expect(isAnswered('10.0.0.50')).toBe(true);
  });

  test('IPv6: the address, deprecated, and nobody learns of it', () => {
    writeFileSync(FILE, instance + DR6);
    const before = machine();
    expect(bad(report('apply'))).toEqual(['wrong RS_PORT']);
    expect(ip('-n', SERVER, 'addr', 'show', 'lo')).toMatch(/fd00::50\/128 .*deprecated/);
    expect([isAnswered('fd00::50'), isAnswered('fd00::21')]).toEqual([false, true]);
    expect(report('apply').steps).toEqual([]);
    report('remove');
    expect(machine()).toBe(before);
  });

  test('a service that has left the file is taken back; what somebody changed since is left', () => {
    writeFileSync(FILE, instance + DR + service('10.0.9.50', 'DR', ['10.0.0.21 443'], 443));
    report('apply');
    expect(ip('-n', SERVER, 'addr', 'show', 'lo')).toContain('10.0.9.50/32');
    writeFileSync(FILE, instance + DR);
    expect(report('apply').steps).toEqual([{ step: '- 10.0.9.50/32 on lo', result: 'done' }]);
    expect(ip('-n', SERVER, 'addr', 'show', 'lo')).not.toContain('10.0.9.50/32');
    sysctl('ipv4/conf/all/arp_ignore', 2);
    ip('-n', SERVER, 'addr', 'del', '10.0.0.50/32', 'dev', 'lo');
    expect(run('remove').output).toBe(
      [
        'left   - 10.0.0.50/32 on lo: it is gone',
        'done   ~ net.ipv4.conf.all.arp_announce: 2 → 0',
        'left   ~ net.ipv4.conf.all.arp_ignore: 1 → 0: it is 2 now',
        '',
      ].join('\n'),
    );
    expect(sysctl('ipv4/conf/all/arp_ignore')).toBe('2');
  });

  test('what was there before is not taken away', () => {
    ip('-n', SERVER, 'addr', 'add', '10.0.0.50/32', 'dev', 'lo');
    for (const [word, value] of [
      ['arp_ignore', 1],
      ['arp_announce', 2],
    ] as const)
      sysctl(`ipv4/conf/eth0/${word}`, value);
    const before = machine();
    expect(report('apply').steps).toEqual([]);
    report('remove');
    expect(machine()).toBe(before);
  });

  test('somebody who listens at the virtual address is heard', () => {
    report('apply');
    const listen = `require('node:net').createServer().listen(80, '10.0.0.50', () => {
      const { spawnSync } = require('node:child_process');
      const words = ['realserver', 'verify', '-f', ${JSON.stringify(FILE)}];
      const { status, stdout } = spawnSync(${JSON.stringify(BIN)}, words, { encoding: 'utf8' });
      console.log(stdout);
      process.exit(status);
    })`;
    const words = ['netns', 'exec', SERVER, process.execPath, '-e', listen];
    const { status, stdout } = spawnSync('ip', words, { encoding: 'utf8' });
    expect(stdout).toContain('ok      somebody listens at TCP 10.0.0.50:80');
    expect([status, stdout.trim().split('\n').at(-1)]).toEqual([0, 'all of 4 as it has to be']);
  });
});

test('what it may not do is said, and nothing is done after it: no address where ARP is answered', () => {
  writeFileSync(FILE, instance + DR);
  const before = machine();
  // As in a container: the addresses may be set, /proc/sys may not.
  const script = 'mount -o bind,ro /proc/sys /proc/sys; exec "$0" "$@"';
  const words = ['netns', 'exec', SERVER, 'unshare', '-m', 'sh', '-c', script, BIN];
  const apply = ['realserver', 'apply', '-f', FILE, '--state', STATE];
  const { status, stdout } = spawnSync('ip', [...words, ...apply], { encoding: 'utf8' });
  expect(stdout.split('\n').slice(0, 3)).toEqual([
    'failed ~ net.ipv4.conf.all.arp_ignore: 0 → 1: EROFS',
    'left   ~ net.ipv4.conf.all.arp_announce: 0 → 2: not done after that',
    'left   + 10.0.0.50/32 on lo: not done after that',
  ]);
  expect([status, machine()]).toEqual([1, before]);
});

describe('NAT', () => {
  test.each([
    ['IPv4', NAT, '-4', '10.0.0.1', '10.0.0.254'],
    ['IPv6', NAT6, '-6', 'fd00::1', 'fd00::254'],
  ] as const)('%s: the gateway is set, and the former one given back', (_, text, family, gateway, former) => {
    writeFileSync(FILE, instance + OTHERS + text);
    const bare = machine();
    expect(bad(report('verify'))).toEqual(['wrong RS_GATEWAY', 'wrong RS_PORT']);
    const route = () => ip('-n', SERVER, family, 'route', 'show', 'default').trim();
    expect(bad(report('apply'))).toEqual(['wrong RS_PORT']);
    expect(route()).toContain(`default via ${gateway} dev eth0`);
    expect(report('apply').steps).toEqual([]);
    report('remove');
    expect(machine()).toBe(bare);
    ip('-n', SERVER, family, 'route', 'add', 'default', 'via', former, 'metric', '77', 'mtu', '1400');
    const before = machine();
    const { steps } = report('apply');
    expect(steps?.map(({ step, result }) => [step.slice(0, 7), result])).toEqual([['~ route', 'done']]);
    expect(route()).toMatch(new RegExp(`^default via ${gateway} dev eth0 .*metric 77`));
    report('remove');
    expect(machine()).toBe(before);
  });

  test('the file does not know the gateway: it is asked for', () => {
    writeFileSync(
      FILE,
      instance.replace('    10.0.0.1/24\n', '') + service('10.0.9.50', 'NAT', ['10.0.0.21 80']),
    );
    const [finding] = report('verify').findings.filter(({ code }) => code === 'RS_GATEWAY');
    // 10.0.0.50 of the instance is in this network as well, and a director answers there.
    expect(finding?.says).toContain("not the director's 10.0.0.50");
    report('apply', '--gateway', '10.0.0.3');
    expect(ip('-n', SERVER, 'route', 'show', 'default')).toContain('default via 10.0.0.3');
  });
});

test('a machine that is none of the real servers, and a file with mistakes', () => {
  writeFileSync(FILE, instance + service('10.0.0.50', 'DR', ['10.0.0.77 80']));
  const none = run('apply');
  expect([none.code, existsSync(STATE)]).toEqual([2, false]);
  expect(none.output).toContain('real servers are 10.0.0.77; addresses here: 10.0.0.21, fd00::21');
  writeFileSync(FILE, `${instance}virtual_server 10.0.0.50 80 {\n  lb_kind DRR\n}\n`);
  const broken = run('verify');
  expect(broken.code).toBe(4);
  expect(broken.output).toContain('director.conf:17:11: error');
});

describe('docs/realserver.md', () => {
  const text = readFileSync(new URL('../../docs/realserver.md', import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) =>
    block!
      .trim()
      .split('\n')
      .map((line) => line.replace(/ +#.*$/, '')),
  );
  const own = `director {\n  runtime_directory ${join(scratch, 'run')}\n}\n`;
  function exitCodes(machine: string, lines: readonly string[]): (number | null)[] {
    return lines.map((line) => {
      const [command, ...words] = line.split(' ');
      expect(command).toBe('lvs-director');
      const options = { encoding: 'utf8', cwd: scratch } as const;
      const { status, stderr } = spawnSync('ip', ['netns', 'exec', machine, BIN, ...words], options);
      expect(stderr).toBe('');
      return status;
    });
  }

  test('its commands do what it says, on a real server and on a director', () => {
    writeFileSync(FILE, instance + DR + own);
    expect(blocks).toHaveLength(2);
    const before = machine();
    // Nobody listens there, and 10.0.0.22 is no machine.
    expect(exitCodes(SERVER, blocks[0]!)).toEqual([1, 0, 1, 0]);
    expect(machine()).toBe(before);
    expect(exitCodes(OTHER, blocks[1]!)).toEqual([0, 1, 1]);
  });

  test('what it shows is what a real server says', () => {
    writeFileSync(FILE, instance + DR + own);
    const [, shown] = /```\n(real server [\s\S]*?)```/.exec(text)!;
    expect(run('verify').output).toBe(shown);
  });
});

test('from a director: an IPv6 server, one that answers ARP, one that is not there', () => {
  writeFileSync(FILE, instance + DR + DR6);
  report('apply');
  sysctl('ipv4/conf/all/arp_ignore', 0);
  const words = ['netns', 'exec', OTHER, BIN, 'realserver', 'verify', '-f', FILE, '--json'];
  const found: { findings: (Report['findings'][number] & { server: string })[] } = JSON.parse(
    spawnSync('ip', words, { encoding: 'utf8' }).stdout,
  );
  const said = found.findings.map(({ level, code, server }) => `${server} ${level} ${code}`);
  expect(said).toEqual([
    '10.0.0.21 wrong RS_ARP',
    '10.0.0.21 ok RS_ANSWERS',
    '10.0.0.21 wrong RS_PORT',
    '10.0.0.22 wrong RS_REACHABLE',
    'fd00::21 ok RS_ARP',
    'fd00::21 ok RS_ANSWERS',
    'fd00::21 wrong RS_PORT',
  ]);
});
