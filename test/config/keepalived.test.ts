// The referee: Debian's keepalived 2.2.7. What it accepts without a word we accept without one, what it
// complains about we refuse or mention, and where we are stricter on purpose the file's name says so. With
// --compat we end as its -t does, and make of a file what it makes of it. Needs namespaces, for the
// interfaces.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { exitCodeFor } from '../../src/cli/check.ts';
import { convertConfiguration } from '../../src/config/convert.ts';
import type { VrrpInstance } from '../../src/config/model.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { renderDiagnostics } from '../../src/config/render.ts';
import { yamlLibrary } from '../../src/linux/yaml-library.ts';
import { pairConfigurations } from './pairs.ts';
import { instancesOf, judge, type Verdict, version } from './referee.ts';

const FILES = join(import.meta.dirname, 'files');

const files = new Map([
  ...readdirSync(FILES).map((name) => [name, readFileSync(join(FILES, name), 'utf8')] as const),
  ...pairConfigurations().map(({ name, text }) => [`accepted-pair-${name}.conf`, text] as const),
]);

/** Where `check --compat` ends differently, with the reason. */
const EXCEPTIONS = new Map<RegExp, { ours: number; theirs: number; because: string }>([
  [
    /-authentication\.conf$/,
    { ours: 4, theirs: 0, because: 'AH is not supported: the peer would drop our adverts' },
  ],
  [
    /-no-value\.conf$/,
    { ours: 4, theirs: 2, because: 'keepalived gives up in the middle, with a code that -t does not have' },
  ],
  [
    /-duplicate-service\.conf$/,
    { ours: 5, theirs: 0, because: 'keepalived checks both and lets them overwrite each other; we take one' },
  ],
  [
    /-sync-daemon-reference\.conf$/,
    { ours: 5, theirs: 0, because: 'keepalived says the same, but only when it runs' },
  ],
]);
/** By way of YAML and back: what was accepted is accepted still. */
function converted(text: string): string {
  const there = convertConfiguration([{ name: 'x.conf', text }], 'yaml', { yaml: yamlLibrary }).text!;
  const back = convertConfiguration([{ name: 'x.yaml', text: there }], 'keepalived', { yaml: yamlLibrary });
  return back.text!;
}

const corpus = new Map([
  ...files,
  ...[...files]
    .filter(([name]) => name.startsWith('accepted-'))
    .map(([name, text]) => [name.replace('accepted-', 'accepted-converted-'), converted(text)] as const),
]);

describe('against keepalived', () => {
  let verdicts: Map<string, Verdict>;

  beforeAll(() => {
    verdicts = judge(corpus);
  }, 60_000);

  test('the referee is the version we know', () => {
    expect(version()).toMatch(/Keepalived v2\./);
    expect(verdicts.size).toBe(corpus.size);
  });

  test.each([...corpus])('%s', (name, text) => {
    const verdict = verdicts.get(name)!;
    const strict = readConfiguration([{ name, text }]);
    const said = renderDiagnostics(strict.sources, strict.diagnostics);
    const exitCode = exitCodeFor(strict.diagnostics, false);
    if (name.startsWith('accepted-')) {
      expect(verdict).toEqual({ exitCode: 0, messages: '' });
      expect(exitCode, said).toBe(0);
    } else if (name.startsWith('warned-')) {
      expect(verdict.exitCode, verdict.messages).toBe(5);
      expect(exitCode, said).toBe(0);
      expect(said).toContain(': warning: ');
    } else if (name.startsWith('refused-')) {
      expect(verdict.exitCode, verdict.messages).not.toBe(0);
      expect(exitCode).toBe(4);
    } else {
      expect(name).toMatch(/^stricter-/);
      expect(verdict).toEqual({ exitCode: 0, messages: '' });
      expect(exitCode, said).not.toBe(0);
    }
  });

  test.each([...corpus])('--compat ends alike: %s', (name, text) => {
    const { diagnostics, sources } = readConfiguration([{ name, text }], { compat: true });
    const theirs = verdicts.get(name)!.exitCode;
    const ours = exitCodeFor(diagnostics, true);
    const exception = [...EXCEPTIONS].find(([names]) => names.test(name))?.[1];
    if (exception === undefined) expect(ours, renderDiagnostics(sources, diagnostics)).toBe(theirs);
    else expect({ ours, theirs }).toEqual({ ours: exception.ours, theirs: exception.theirs });
  });
});

describe('run -t ends as keepalived -t does', () => {
  const file = (device: string, lines = '', options = '') =>
    `vrrp_instance V {\ninterface ${device}\nvirtual_router_id 5\n${lines}
virtual_ipaddress {\n10.0.0.1/24 ${options}\n}\n}\n`;
  const files = new Map([
    ['good.conf', file('eth0', 'track_interface {\neth1\n}', 'dev eth1')],
    ['unknown.conf', file('eth0', 'priorty 100')],
    ['interface.conf', file('eth9')],
    ['device.conf', file('eth0', '', 'dev eth9')],
    ['tracked.conf', file('eth0', 'track_interface {\neth9\n}')],
  ]);
  const ours = join(import.meta.dirname, '../../bin/lvs-director');

  test('with the interfaces of the machine, and without the file', () => {
    const codes = (verdicts: Map<string, Verdict>) =>
      Object.fromEntries([...verdicts].map(([name, { exitCode }]) => [name, exitCode]));
    const theirs = codes(judge(files, undefined, 'missing'));
    expect(theirs).toEqual({
      'good.conf': 0,
      'unknown.conf': 5,
      'interface.conf': 5,
      'device.conf': 5,
      'tracked.conf': 5,
      missing: 0,
    });
    // Its manual says 4 and its code means it, but only with -e does it get there.
    expect(codes(judge(files, `${ours} run`, 'missing'))).toEqual({ ...theirs, missing: 4 });
  });
});

/** Lines of an instance, good or bad, each with what is worth comparing. */
const INSTANCES = [
  '',
  'priority 300',
  'priority 0',
  'priority 150x',
  'priority 150\npriority 300',
  'priority 300\npriority 150',
  'state MASTER',
  'state MASTER\npriority 300',
  'state STANDBY',
  'state STANDBY\npriority 255',
  'state MASTER\nstate BACKUP\npriority 120',
  'priority 255',
  'advert_int 300',
  'advert_int 0.3',
  'advert_int 2.5',
  'advert_int 1s',
  'advert_int 0',
  'version 3\nadvert_int 0.3',
  'version 3\nadvert_int 0.015',
  'version 3\nadvert_int 0.014',
  'version 3\nadvert_int 0.3000004',
  'version 3\nadvert_int 0.2999999',
  'version 3\nadvert_int 41',
  'version 3\nadvert_int 0.001',
  'version 3x',
  'version 4',
  'version 2\nversion 3',
  'nopreempt',
  'nopreempt\npreempt',
  'preempt\nnopreempt',
  'nopreempt\nstate MASTER',
  'nopreempt\npriority 255',
  'nopreempt\npreempt_delay 10',
  'preempt_delay 10',
  'preempt_delay 10\npreempt_delay 2000',
  'preempt_delay 10\nstate MASTER',
  'preempt_delay 0.5000009',
  'garp_master_repeat 0',
  'garp_master_repeat -1',
  'garp_master_repeat x\ngarp_master_delay x',
  'garp_master_repeat 3x\ngarp_master_delay 4x\ngarp_master_refresh 5x\ngarp_master_refresh_repeat 0',
  'garp_master_refresh 5\ngarp_master_refresh x',
  'mcast_src_ip 10.0.0.7\nunicast_src_ip 10.0.0.8',
  'unicast_src_ip 10.0.0.8\nmcast_src_ip 10.0.0.7',
  'mcast_src_ip 10.0.0.700',
  'virtual_router_id 300',
  'virtual_ipaddress {\n10.1.0.1/33\n10.1.0.2/24x\n10.1.0.300\n10.1.0.3/24 nonsense dev eth1\n}',
  'virtual_ipaddress_excluded {\n10.2.0.1/24\nfd00::1/129\n}',
];

describe('--compat makes the same of it', () => {
  const texts = INSTANCES.map((lines, i) => {
    const head = `vrrp_instance V${i} {\ninterface eth0\nvirtual_router_id ${i + 1}\n`;
    return `${head}${lines}\nvirtual_ipaddress {\n10.0.1.${i + 1}/24\n}\n}\n`;
  });
  let theirs: ReturnType<typeof instancesOf>;
  const ours = readConfiguration([{ name: 'x', text: texts.join('') }], { compat: true }).configuration;

  beforeAll(() => {
    theirs = instancesOf(texts.join(''));
  }, 60_000);

  test.each(INSTANCES.map((lines, i) => [lines, i] as const))('%j', (_, i) => {
    const instance = ours.instances.find(({ name }) => name.value === `V${i}`)!;
    expect(effective(instance)).toEqual(readOut(theirs.get(`V${i}`)!));
  });
});

function effective(instance: VrrpInstance) {
  const addresses = (list: VrrpInstance['virtualAddresses']) =>
    list.map(({ prefix }) => `${prefix.value.address}/${prefix.value.length}`);
  return {
    state: instance.initialState.value,
    virtualRouterId: instance.virtualRouterId.value,
    priority: instance.priority.value,
    version: instance.version?.value ?? 2,
    advertMs: instance.advertIntervalMs.value,
    nopreempt: instance.nopreempt.value,
    preemptDelayMs: instance.preemptDelayMs.value,
    source: instance.sourceAddress?.value ?? '(none)',
    garp: [
      instance.garp.masterDelayMs?.value ?? 5000,
      instance.garp.masterRepeat?.value ?? 5,
      instance.garp.masterRefreshMs?.value ?? 0,
      instance.garp.masterRefreshRepeat?.value ?? 1,
    ],
    addresses: addresses(instance.virtualAddresses),
    excluded: addresses(instance.virtualAddressesExcluded),
  };
}

function readOut(lines: ReadonlyMap<string, string>): ReturnType<typeof effective> {
  const number = (name: string) => Number.parseFloat(lines.get(name) ?? '0');
  const addresses = (name: string) =>
    (lines.get(name) ?? '')
      .split(' ')
      .filter((one) => one !== '')
      .map((one) => (one.includes('/') ? one : `${one}/${one.includes(':') ? 128 : 32}`));
  const inMs = lines.get('Advert interval')!.endsWith('milli-sec');
  return {
    state: lines.get('Wantstate') as 'MASTER' | 'BACKUP',
    virtualRouterId: number('Virtual Router ID'),
    priority: number('Priority'),
    version: number('VRRP Version') as 2 | 3,
    advertMs: number('Advert interval') * (inMs ? 1 : 1000),
    nopreempt: lines.get('Preempt') === 'disabled',
    preemptDelayMs: Math.round(number('Preempt delay') * 1_000_000) / 1000,
    source: lines.get('Using src_ip')!.split(' ')[0]!,
    garp: [
      number('Gratuitous ARP delay') * 1000,
      number('Gratuitous ARP repeat'),
      number('Gratuitous ARP refresh') * 1000,
      number('Gratuitous ARP refresh repeat'),
    ],
    addresses: addresses('Virtual IP'),
    excluded: addresses('Virtual IP Excluded'),
  };
}
