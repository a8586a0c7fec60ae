// `diff`: exit codes, the text and the JSON, against a file and against the plan that a director left.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DiffOptions, diff } from '../../src/cli/diff.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { encodePlan, planConfiguration } from '../../src/director/plan-document.ts';

const ROUTING = `  virtual_routes {
    10.5.0.0/16 dev eth0 mtu 1400
  }
  virtual_rules {
    from 10.0.0.9 table 100 priority 5
  }
`;
const STATICS = `static_ipaddress {
  10.8.0.1/24
}
static_rules {
  fwmark 1 blackhole priority 6
}
`;
const instance = (priority: number, more = '') =>
  `vrrp_instance V {\n  interface eth0\n  virtual_router_id 5\n  priority ${priority}\n` +
  `  virtual_ipaddress {\n    10.0.0.1\n  }\n${more}}\n`;

const YAML = `vrrp_instance:
  V:
    interface: eth0
    virtual_router_id: 5
    priority: 100
    virtual_ipaddress: [10.0.0.1]
`;

let directory: string;
const at = (name: string) => join(directory, name);
const run = (name: string, options: Partial<DiffOptions> = {}) =>
  diff(at(name), { json: false, compat: false, ...options });

/** As a director leaves it: this test's own process stands in for one that runs. */
function leavePlan(folder: string, text: string, directorPid = process.pid): void {
  const { configuration } = readConfiguration([{ name: 'x', text }]);
  const document = { directorPid, version: '0', plan: planConfiguration(configuration, 'salt') };
  writeFileSync(join(at(folder), 'plan.json'), encodePlan(document));
}
const settings = (folder: string) => `director {\n  runtime_directory ${at(folder)}\n}\n`;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lvs-director-diff-'));
  const files = {
    'old.conf': instance(100),
    'new.conf': instance(150),
    'broken.conf': instance(100, '  priorty 150\n'),
    'old.yaml': YAML,
    'chance.conf': instance(100).replace('priority 100', `priority $\{_RANDOM 1 254}`),
    'routed.conf': `${instance(100, ROUTING)}${STATICS}`,
    'ignored.conf': instance(100, '  virtual_rules {\n    from 10.0.0.9 table black_magic priority 5\n  }\n'),
    'named.conf': `${instance(100)}@here global_defs {\n@here   vrrp_version 3\n@here }\n`,
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(at(name), content);
  for (const folder of ['run', 'dead', 'strange', 'empty']) {
    mkdirSync(at(folder));
    writeFileSync(at(`${folder}.conf`), settings(folder));
  }
  leavePlan('run', `${instance(100)}${settings('run')}`);
  // Above the largest number that Linux gives to a process.
  leavePlan('dead', instance(100), 2 ** 22 + 1);
  writeFileSync(join(at('strange'), 'plan.json'), '{"format":99}');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('against a file', () => {
  test('nothing changes: 0', () => {
    const { exitCode, output } = run('old.conf', { against: at('old.conf') });
    expect([exitCode, output]).toEqual([
      0,
      'nothing changes; 1 instance, 0 services and 0 servers untouched\n',
    ]);
  });

  test('something does: 1', () => {
    const { exitCode, output } = run('new.conf', { against: at('old.conf') });
    expect([exitCode, output.split('\n')[0]]).toEqual([
      1,
      '~ vrrp_instance V: priority 100 → 150 (may move the MASTER role)',
    ]);
  });

  test('routes, rules and what is static', () => {
    const { output } = run('routed.conf', { against: at('old.conf') });
    expect(output).toContain('virtual_routes none → 10.5.0.0/16 dev eth0 table 254 mtu 1400');
    expect(output).toContain('virtual_rules none → 5: from 10.0.0.9/32 lookup 100');
    expect(output).toContain('static_ipaddress none → 10.8.0.1/24 dev eth0');
    expect(output).toContain('static_rules none → 6: from all fwmark 0x1 blackhole');
    expect(run('routed.conf', { against: at('routed.conf') }).exitCode).toBe(0);
  });

  test('one form of the language with the other, and what is left to chance is no difference', () => {
    expect(run('old.yaml', { against: at('old.conf') }).output).toContain('nothing changes');
    expect(run('chance.conf', { against: at('chance.conf') }).output).toContain('nothing changes');
  });

  test('files that are read as one with it are so on both sides', () => {
    const shared = { useFile: [at('run.conf')] };
    expect(run('old.conf', { against: at('old.conf'), ...shared }).exitCode).toBe(0);
  });

  test('@ lines are those of the id', () => {
    const options = { against: at('old.conf') };
    expect(run('named.conf', { ...options, configId: 'there' }).exitCode).toBe(0);
    expect(run('named.conf', { ...options, configId: 'here' }).output).toContain('version 2 → 3');
  });

  test('parts that are ignored are in no plan, which is said', () => {
    const { exitCode, output } = run('ignored.conf', { against: at('old.conf') });
    expect(exitCode).toBe(0);
    expect(output).toContain('ignored.conf: 1 part ignored, see `lvs-director check`\n');
  });

  test('one that cannot run, or is not there: 2', () => {
    const broken = run('new.conf', { against: at('broken.conf') });
    expect(broken.exitCode).toBe(2);
    expect(broken.output).toContain('broken.conf cannot run: nothing to compare with\n');
    const absent = run('new.conf', { against: at('absent.conf') });
    expect([absent.exitCode, absent.output]).toEqual([2, expect.stringContaining('ENOENT [CONFIG_MISSING]')]);
  });

  test('--compat runs over what keepalived runs over', () => {
    const against = at('old.conf');
    expect(run('broken.conf', { against }).exitCode).toBe(4);
    expect(run('broken.conf', { against, compat: true }).exitCode).toBe(0);
  });
});

describe('against the running director', () => {
  test('its plan is where the file says', () => {
    expect(run('old.conf', { useFile: [at('run.conf')] }).exitCode).toBe(0);
    expect(run('new.conf', { useFile: [at('run.conf')] }).exitCode).toBe(1);
  });

  test.each([
    ['empty', 'ENOENT'],
    ['strange', 'another version of lvs-director'],
    ['dead', `the director that wrote it (pid ${2 ** 22 + 1}) is gone`],
  ])('no plan (%s): 2, the file that was looked for and a hint', (folder, reason) => {
    const { exitCode, output } = run('new.conf', { useFile: [at(`${folder}.conf`)] });
    expect(exitCode).toBe(2);
    expect(output).toContain(join(at(folder), 'plan.json'));
    expect(output).toContain(reason);
    expect(output).toContain('--against OLD');
  });
});

test('a file that cannot run: 4, its diagnostics, and what that means', () => {
  const { exitCode, output } = run('broken.conf', { useFile: [at('run.conf')] });
  expect(exitCode).toBe(4);
  expect(output).toContain(`${at('broken.conf')}:8:3: error: unknown word "priorty"`);
  expect(output).toContain('^^^^^^^');
  expect(output).toContain('broken.conf cannot run: a director that is told to reload keeps what it has\n');
  expect(run('absent.conf').exitCode).toBe(4);
});

test('programs get the same as JSON', () => {
  const { exitCode, output } = run('new.conf', { json: true, useFile: [at('run.conf')] });
  expect(exitCode).toBe(1);
  expect(JSON.parse(output)).toMatchObject({
    exitCode: 1,
    against: join(at('run'), 'plan.json'),
    ignored: 0,
    changes: [{ what: 'instance', do: 'changed', fields: [{ field: 'priority', from: 100, to: 150 }] }],
    summary: { added: 0, removed: 0, changed: 1, untouched: { instances: 0 } },
  });
  const broken = JSON.parse(run('broken.conf', { json: true }).output);
  expect(broken).toMatchObject({ exitCode: 4, diagnostics: [{ code: 'CFG_UNKNOWN', line: 8 }] });
});
