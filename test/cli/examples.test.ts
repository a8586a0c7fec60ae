// The files in examples/ are meant to be copied: each is read without a complaint, both of a pair
// belong together, and the ones that the demo runs fit the demo's network.
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { check } from '../../src/cli/check.ts';
import { addressOf, GATEWAY_VIP, PORT, SERVERS, VIP } from '../../src/cli/demo/layout.ts';
import type { Configuration } from '../../src/config/model.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { serviceName } from '../../src/config/selects.ts';
import { readSources } from '../../src/linux/config-files.ts';
import { yamlLibrary } from '../../src/linux/yaml-library.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const scratch = mkdtempSync(`${tmpdir()}/lvs-examples-`);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
// As the comment in examples/sync has it made.
execFileSync('sh', ['-c', `umask 077; (printf hex:; openssl rand -hex 32) > ${scratch}/sync.key`]);
const pairs = globSync('*/a.conf', { cwd: EXAMPLES }).map((file) => file.split('/')[0]!);

function read(file: string): Configuration {
  const { configuration, diagnostics } = readConfiguration(readSources([`${EXAMPLES}/${file}`]), {
    yaml: yamlLibrary,
  });
  expect(diagnostics).toEqual([]);
  if (configuration === undefined) throw new Error(`${file} is not read`);
  return configuration;
}

/** The same file, or a copy that finds its key: this machine has none. */
function withKey(file: string): string {
  const text = readFileSync(`${EXAMPLES}/${file}`, 'utf8');
  const copy = text.replace(/^( *psk ).*$/m, `$1${scratch}/sync.key`);
  if (copy === text) return `${EXAMPLES}/${file}`;
  const path = `${scratch}/${file.replaceAll('/', '-')}`;
  writeFileSync(path, copy);
  return path;
}

test('there are pairs, and the guide names each of them', () => {
  expect(pairs.toSorted()).toEqual([
    'dr',
    'fwmark',
    'group',
    'ipv6',
    'nat',
    'persistence',
    'sync',
    'tun',
    'unicast',
    'vmac',
  ]);
  const guide = readFileSync(`${EXAMPLES}/README.md`, 'utf8');
  for (const pair of pairs) expect(guide).toContain(`## ${pair}\n`);
});

test.each(globSync('**/*.{conf,yaml}', { cwd: EXAMPLES }))('%s is read without a complaint', (file) => {
  const { exitCode, output } = check([[withKey(file)]], { json: false, compat: false });
  expect(output).toContain('no complaints');
  expect(exitCode).toBe(0);
});

describe.each(pairs)('the pair %s', (pair) => {
  const filesOf = (letter: string) =>
    [`${letter}.conf`, 'director.conf', `${letter}-director.conf`]
      .filter((name) => existsSync(`${EXAMPLES}/${pair}/${name}`))
      .map((name) => withKey(`${pair}/${name}`));

  test('differs in names, priorities and own addresses only', () => {
    const lines = (name: string) =>
      readFileSync(`${EXAMPLES}/${pair}/${name}.conf`, 'utf8')
        .split('\n')
        .filter((line) => !/^# Director|router_id|^ *priority|unicast_src_ip/.test(line))
        .map((line) => (pair === 'unicast' ? line.replace(/10\.0\.0\.1[12]$/, 'PEER') : line));
    expect(lines('a')).toEqual(lines('b'));
  });

  test('has a better and a worse director, and announces connections', () => {
    const [a, b] = ['a', 'b'].map((name) => read(`${pair}/${name}.conf`));
    expect(a!.instances[0]!.priority.value).toBeGreaterThan(b!.instances[0]!.priority.value);
    expect(a!.global.syncDaemon?.instance?.value).toBe(a!.instances[0]!.name.value);
  });

  test('is read together with our own settings', () => {
    const { exitCode } = check([filesOf('a')], { json: false, compat: false });
    expect(exitCode).toBe(0);
  });

  test('fits together', () => {
    const { exitCode, output } = check([filesOf('a'), filesOf('b')], { json: false, compat: false });
    expect(
      output
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^.*: /, '')),
    ).toEqual(Array(3).fill('no complaints'));
    expect(exitCode).toBe(0);
  });
});

test.each(globSync('*/*.yaml', { cwd: EXAMPLES }))('%s says what the .conf beside it says', (file) => {
  const model = (name: string) =>
    JSON.stringify(read(name), (key, value) => (key === 'at' ? undefined : value));
  const twin = file.replace('.yaml', '.conf');
  expect(model(file)).toBe(model(twin));
  const comments = (name: string) => readFileSync(`${EXAMPLES}/${name}`, 'utf8').match(/#.*/g);
  expect(comments(file)).toEqual(comments(twin));
});

test('sync ids and virtual router ids are unique: all pairs could share one network', () => {
  const configurations = pairs.map((pair) => read(`${pair}/a.conf`));
  const vrids = configurations.map(({ instances }) => instances[0]!.virtualRouterId.value);
  expect(new Set(vrids).size).toBe(pairs.length);
  expect(configurations.map(({ global }) => global.syncDaemon?.id?.value)).toEqual(vrids);
});

test.each(['nat', 'dr'] as const)('%s fits the network of the demo', (mode) => {
  const { virtualServers, instances } = read(`${mode}/a.conf`);
  const [service] = virtualServers;
  expect(service && serviceName(service)).toBe(`TCP ${VIP}:${PORT}`);
  expect(service?.method.value.forwarding).toBe(mode.toUpperCase());
  expect(service?.realServers.map(({ address }) => address.value)).toEqual(
    SERVERS.map((name) => addressOf(mode, name)),
  );
  const vips = instances.flatMap(({ virtualAddresses }) => virtualAddresses.map((vip) => vip.prefix.value));
  expect(vips.map(({ address }) => address)).toEqual(mode === 'nat' ? [VIP, GATEWAY_VIP] : [VIP]);
});

test('the fail-over watch runs its command for what somebody should hear of, in order', () => {
  const lines = [
    { event: 'vrrp.state', msg: '(VI_1) Entering MASTER STATE' },
    { event: 'ipvs.applied', msg: 'not worth a call' },
    { event: 'config.rejected', msg: 'configuration rejected' },
  ].map((line) => JSON.stringify(line));
  const input = [lines[0], 'systemd[1]: Started.', ...lines.slice(1), 'null', '{"event":7}'].join('\n');
  const watch = (...options: string[]) =>
    execFileSync(
      process.execPath,
      [`${EXAMPLES}/monitoring/watch-failover.mjs`, ...options, '--', 'echo', 'alarm:'],
      { input, encoding: 'utf8' },
    );
  expect(watch()).toBe(
    'alarm: vrrp.state: (VI_1) Entering MASTER STATE\nalarm: config.rejected: configuration rejected\n',
  );
  expect(watch('--events', 'ipvs.applied')).toBe('alarm: ipvs.applied: not worth a call\n');
});
