// `check`: exit codes, the text and the JSON, files that cannot be read, included files from disk.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check } from '../../src/cli/check.ts';

const INSTANCE =
  'vrrp_instance V {\n  interface eth0\n  virtual_router_id 5\n  virtual_ipaddress {\n    10.0.0.1\n  }\n';
const FILES = {
  'good.conf': `${INSTANCE}}\n`,
  'warning.conf': `${INSTANCE}  smtp_alert\n}\n`,
  'ignored.conf': `${INSTANCE}  virtual_rules {\n    from 10.0.0.9 table black_magic priority 5\n  }\n}\n`,
  'unknown.conf': `${INSTANCE}  priorty 150\n}\n`,
  'broken.conf': INSTANCE,
  'lenient.conf': 'director {\n  compat\n}\n',
  'other-id.conf': `${INSTANCE.replace('_id 5', '_id 6')}  priority 90\n}\n`,
  'worse.conf': `${INSTANCE}  priority 90\n}\n`,
  'global.conf': 'global_defs {\n  rooter_id x\n}\n',
  'latin1.conf': Buffer.from(`# Gr\u00f6\u00dfe\n${INSTANCE}}\n`, 'latin1'),
  'bom.conf': `\ufeff${INSTANCE}}\n`,
  'includes.conf': 'include parts/*.conf\ninclude "parts/{two,three}.conf"\ninclude nothing.conf\n',
  'parts/one.conf': `${INSTANCE}}\n`,
  'parts/two.conf': '',
  'parts/deeper/global.conf': 'global_defs {\n  vrrp_version 9\n}\n',
  'parts/three.conf': 'include deeper/global.conf\n',
};

let directory: string;
const at = (name: string) => join(directory, name);
const run = (names: string[], options: Partial<Parameters<typeof check>[1]> = {}) =>
  check([names.map(at)], { json: false, compat: false, ...options });

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lvs-director-check-'));
  mkdirSync(at('parts/deeper'), { recursive: true });
  for (const [name, content] of Object.entries(FILES)) writeFileSync(at(name), content);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('exit codes', () => {
  test.each<[string, number, string]>([
    ['good.conf', 0, 'no complaints'],
    ['warning.conf', 0, '1 warning'],
    ['ignored.conf', 5, '1 part ignored'],
    ['unknown.conf', 4, '1 error'],
    ['broken.conf', 4, '1 error'],
    ['latin1.conf', 0, 'no complaints'],
    ['bom.conf', 4, '1 error'],
  ])('%s is %i', (name, exitCode, summary) => {
    const result = run([name]);
    expect(result.exitCode).toBe(exitCode);
    expect(result.output.split('\n').at(-2)).toBe(`${at(name)}: ${summary}`);
  });

  test('a file that asks for leniency gets it', () => {
    expect(run(['unknown.conf', 'lenient.conf']).exitCode).toBe(5);
  });

  test('--compat runs over what keepalived runs over', () => {
    expect(run(['unknown.conf'], { compat: true }).exitCode).toBe(5);
    expect(run(['broken.conf'], { compat: true }).exitCode).toBe(5);
  });
});

test('people get the caret form', () => {
  expect(
    run(['unknown.conf']).output,
  ).toBe(`${at('unknown.conf')}:7:3: error: unknown word "priorty" in vrrp_instance [CFG_UNKNOWN]
  |
7 |   priorty 150
  |   ^^^^^^^
  = did you mean \`priority\`?

${at('unknown.conf')}: 1 error
`);
});

test('programs get the same as JSON', () => {
  const { exitCode, output } = run(['unknown.conf'], { json: true });
  expect(exitCode).toBe(4);
  expect(JSON.parse(output)).toEqual({
    exitCode: 4,
    diagnostics: [
      {
        file: at('unknown.conf'),
        line: 7,
        column: 3,
        endLine: 7,
        endColumn: 10,
        severity: 'error',
        code: 'CFG_UNKNOWN',
        message: 'unknown word "priorty" in vrrp_instance',
        hint: 'did you mean `priority`?',
      },
    ],
  });
});

test('a file that cannot be read cannot run', () => {
  const text = run(['good.conf', 'absent.conf']);
  expect(text.exitCode).toBe(4);
  expect(text.output).toContain(`cannot read ${at('absent.conf')}: ENOENT [CONFIG_MISSING]`);
  const json = run(['parts'], { json: true });
  expect(json.exitCode).toBe(4);
  expect(JSON.parse(json.output).diagnostics[0].message).toContain('EISDIR');
});

test('several files are read as one', () => {
  expect(run(['good.conf', 'good.conf']).output).toContain('there is a vrrp_instance V already');
});

test('included files are found beside the file that includes them, and named in what is said', () => {
  const { exitCode, output } = run(['includes.conf']);
  expect(exitCode).toBe(4);
  expect(output).toContain(
    `${at('parts/deeper/global.conf')}:2:16: error: vrrp_version takes 2 or 3, not "9"`,
  );
  expect(output).toContain('there is no file nothing.conf [CFG_INCLUDE_EMPTY]');
  // three.conf is included twice, and global.conf with it: one place, one complaint.
  expect(output.match(/error: vrrp_version/g)).toHaveLength(1);
});

describe('a pair', () => {
  const pair = (other: string, json = false, shared: string[] = []) => {
    const names = [['good.conf', ...shared].map(at), [other, ...shared].map(at)] as const;
    return check(names, { json, compat: false });
  };

  test('each of the two, and both together', () => {
    const { exitCode, output } = pair('other-id.conf');
    expect(exitCode).toBe(4);
    expect(output).toContain(`${at('other-id.conf')}:3:21: error: virtual_router_id is 6 here and 5 on the`);
    expect(output).toContain(`${at('good.conf')}:3:21: note: 5 on the other director`);
    expect(output.split('\n').slice(-4)).toEqual([
      `${at('good.conf')}: no complaints`,
      `${at('other-id.conf')}: no complaints`,
      `${at('good.conf')} and ${at('other-id.conf')} as a pair: 1 error`,
      '',
    ]);
  });

  test('what both read is complained about once', () => {
    const { exitCode, output } = pair('worse.conf', false, ['global.conf']);
    expect(exitCode).toBe(4);
    expect(output.match(/unknown word/g)).toHaveLength(1);
    expect(output.split('\n').at(-2)).toMatch(/as a pair: no complaints$/);
  });

  test('as JSON', () => {
    const { exitCode, output } = pair('other-id.conf', true);
    const report = JSON.parse(output);
    expect(report).toMatchObject({
      exitCode,
      directors: [
        { files: [at('good.conf')], exitCode: 0, diagnostics: [] },
        { files: [at('other-id.conf')], exitCode: 0, diagnostics: [] },
      ],
      pair: [
        {
          file: at('other-id.conf'),
          line: 3,
          code: 'CFG_PAIR_VRID',
          related: [{ file: at('good.conf'), line: 3, column: 21, message: '5 on the other director' }],
        },
      ],
    });
  });

  test('one that cannot be read cannot run', () => {
    expect(pair('absent.conf').exitCode).toBe(4);
  });

  test('on the command line', () => {
    const bin = fileURLToPath(new URL('../../bin/lvs-director', import.meta.url));
    const words = ['check', at('good.conf'), at('other-id.conf'), '-f', at('global.conf')];
    const { status, stdout } = spawnSync(bin, words, { encoding: 'utf8' });
    expect(status).toBe(4);
    expect(stdout).toContain('[CFG_PAIR_VRID]');
    expect(stdout).toContain(`${at('other-id.conf')}, ${at('global.conf')}: 1 error`);
    const asForRun = ['check', '-f', at('good.conf'), '-f', at('global.conf')];
    const alone = spawnSync(bin, asForRun, { encoding: 'utf8' });
    expect(alone.stdout).toContain(`${at('good.conf')}, ${at('global.conf')}: 1 error`);
    expect(alone.status).toBe(4);
  });
});
