// Names of routing tables: ours are those that iproute2 takes for the same files.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { readNames } from '../../src/linux/routing-names.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'names-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const NAMES = ['frontend', 'backend', 'added', 'other', 'local', 'main'];

function ours(globals: string): (number | undefined)[] {
  return NAMES.map((name) => {
    const entry = `static_routes {\n10.5.0.0/16 dev eth0 table ${name}\n}\n`;
    const text = `global_defs {\n${globals}\n}\n${entry}`;
    const { configuration } = readConfiguration([{ name: 'x', text }], { readNames });
    return configuration.statics.routes[0]?.entry.table;
  });
}
/** Of a rule for each name, in namespaces of its own. */
function theirs(): number[] {
  const add = NAMES.map((name, i) => `ip rule add from 10.0.0.1 table ${name} pref ${i + 1}`).join(' && ');
  const script = `mount --bind ${directory} /etc/iproute2 && ${add} && ip -N -j rule`;
  const shown = execFileSync('unshare', ['-rnm', 'sh', '-c', script], { encoding: 'utf8' });
  const rules: { priority: number; table: string }[] = JSON.parse(shown);
  return NAMES.map((_, i) => Number(rules.find(({ priority }) => priority === i + 1)!.table));
}

test('the file and its additions, as iproute2 reads them', () => {
  writeFileSync(join(directory, 'rt_tables'), '# ours\n100 frontend\n0x65\tbackend\n');
  mkdirSync(join(directory, 'rt_tables.d'));
  writeFileSync(join(directory, 'rt_tables.d/a.conf'), '103 added\n');
  writeFileSync(join(directory, 'rt_tables.d/b.conf'), '104 other\n');
  writeFileSync(join(directory, 'rt_tables.d/c.txt'), '105 added\n');
  const expected = theirs();
  expect(expected).toEqual([100, 101, 103, 104, 255, 254]);
  expect(ours(`iproute_etc_dir ${directory}\niproute_usr_dir /nowhere`)).toEqual(expected);
});

test('what a distribution brings counts where the machine has no such file', () => {
  const [etc, usr] = ['etc', 'usr'].map((name) => join(directory, name));
  for (const place of [etc!, usr!]) mkdirSync(join(place, 'rt_tables.d'), { recursive: true });
  writeFileSync(join(usr!, 'rt_tables'), '100 frontend\n');
  writeFileSync(join(usr!, 'rt_tables.d/a.conf'), '103 added\n');
  writeFileSync(join(usr!, 'rt_tables.d/b.conf'), '106 other\n');
  writeFileSync(join(etc!, 'rt_tables.d/b.conf'), '105 other\n');
  const globals = `iproute_etc_dir ${etc}\niproute_usr_dir ${usr}`;
  expect(ours(globals).slice(0, 4)).toEqual([100, undefined, 103, 105]);
  writeFileSync(join(etc!, 'rt_tables'), '107 backend\n');
  expect(ours(globals).slice(0, 4)).toEqual([undefined, 107, 103, 105]);
});
