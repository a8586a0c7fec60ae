// `lvs-director convert`: what it writes where, what it says, and its exit codes.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { check } from '../../src/cli/check.ts';
import { convert } from '../../src/cli/convert.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLE = join(ROOT, 'examples/nat/a.conf');
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lvs-director-convert-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

test('the command prints the other form, and check takes it', () => {
  const arguments_ = [join(ROOT, 'src/cli/main.ts'), 'convert', EXAMPLE, '--to', 'yaml'];
  const output = execFileSync(process.execPath, arguments_, { encoding: 'utf8' });
  expect(output).toBe(readFileSync(join(ROOT, 'examples/nat/a.yaml'), 'utf8'));
  const path = file('a.yaml', output);
  expect(check([[path]], { json: false, compat: false }).output).toBe(`${path}: no complaints\n`);
  expect(convert([path], { to: 'keepalived' }).output).toBe(readFileSync(EXAMPLE, 'utf8'));
  const { status, stderr } = spawnSync(process.execPath, arguments_.slice(0, 3), { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toContain("required option '--to <form>' not specified");
});

test('-o writes a file and prints nothing', () => {
  const output = join(directory, 'out.yaml');
  expect(convert([EXAMPLE], { to: 'yaml', output })).toEqual({ exitCode: 0, output: '', messages: '' });
  expect(readFileSync(output, 'utf8')).toMatch(/^# Director A of a NAT pair/);
});

test('says what had to be written out, and which lines are left out', () => {
  file('inner.conf', 'global_defs {\n @a router_id one\n @b router_id two\n}\n');
  const path = file('outer.conf', '$N=3\ninclude inner.conf\n~SEQ(I, 1, 2) vrrp_script s$I {}\n');
  const { exitCode, output, messages } = convert([path], { to: 'keepalived', configId: 'b' });
  expect(exitCode).toBe(0);
  expect(output).toContain('    router_id two\n');
  expect(messages).toBe(
    `${path}: written out: 1 included file, 1 definition, 1 repetition\n` +
      `${path}: left out: 1 line that is for another id than "b"\n`,
  );
});

test('mistakes are shown, and nothing is written', () => {
  const output = join(directory, 'never.yaml');
  const { exitCode, messages } = convert([file('bad.conf', 'global_defs {\n  foo\n}\n')], {
    to: 'yaml',
    output,
  });
  expect(exitCode).toBe(4);
  expect(messages).toContain('bad.conf:2:3: error: unknown word "foo" in global_defs [CFG_UNKNOWN]');
  expect(() => readFileSync(output)).toThrow('ENOENT');
});

test('a file that cannot be read or written is named', () => {
  expect(convert([join(directory, 'none')], { to: 'yaml' })).toMatchObject({ exitCode: 4, output: '' });
  const { exitCode, messages } = convert([EXAMPLE], { to: 'yaml', output: join(directory, 'no/where') });
  expect(exitCode).toBe(4);
  expect(messages).toContain('ENOENT');
});
