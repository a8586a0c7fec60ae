// Tracked files and processes as this machine has them.
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TrackerKeeper } from '../../src/daemon/trackers.ts';
import type { ProcessTarget, TrackerTargets } from '../../src/director/trackers.ts';
import { countProcesses } from '../../src/linux/trackers/processes.ts';
import { until } from './elector-pair.ts';

let folder: string;
let told: string[];
let said: string[];
let keeper: TrackerKeeper;
beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/trackers-`);
  [told, said] = [[], []];
  keeper = new TrackerKeeper({
    tell: ({ kind, name }, verdict) => told.push(`${kind} ${name} ${verdict}`),
    say: ({ event, message }) => said.push(`${event} ${message}`),
  });
});
afterEach(() => {
  keeper.stop();
  rmSync(folder, { recursive: true });
});

function watchFile(init?: { value: number; overwrite: boolean }): string {
  const path = `${folder}/late/tf`;
  const files = [{ name: 'tf', path, ...(init === undefined ? {} : { init }) }];
  keeper.configure({ files, processes: [] });
  return path;
}

describe('a file', () => {
  beforeEach(() => mkdirSync(`${folder}/late`));
  test('is told when it is written, replaced and removed', async () => {
    const path = watchFile();
    expect(told).toEqual(['file tf 0']);
    const steps: [() => void, number][] = [
      [() => writeFileSync(path, '7\n'), 7],
      [() => writeFileSync(path, ' -12 what follows does not count'), -12],
      [() => writeFileSync(path, '99999999999999'), 2 ** 31 - 1],
      [() => writeFileSync(path, 'abc'), 0],
      [() => writeFileSync(`${path}.new`, '5'), 0],
      [() => renameSync(`${path}.new`, path), 5],
      [() => rmSync(path), 0],
    ];
    for (const [act, expected] of steps) {
      act();
      await until(`${expected}`, () => told.at(-1) === `file tf ${expected}`);
    }
  });
  test('whose directory comes later is found', async () => {
    rmSync(`${folder}/late`, { recursive: true });
    const path = watchFile();
    mkdirSync(`${folder}/late`);
    writeFileSync(path, '3');
    await until('3', () => told.at(-1) === 'file tf 3');
  });
  test('is created by init_file, and only overwritten when asked', () => {
    const path = watchFile({ value: 4, overwrite: false });
    expect(told).toEqual(['file tf 4']);
    writeFileSync(path, '8');
    keeper.stop();
    watchFile({ value: 4, overwrite: false });
    expect(told.at(-1)).toBe('file tf 8');
    watchFile({ value: 4, overwrite: true });
    expect([told.at(-1), readFileSync(path, 'utf8')]).toEqual(['file tf 4', '4\n']);
  });
  test('is not written through a link that somebody else put there', () => {
    writeFileSync(`${folder}/victim`, 'precious');
    symlinkSync(`${folder}/victim`, `${folder}/late/tf`);
    watchFile({ value: 4, overwrite: true });
    expect(readFileSync(`${folder}/victim`, 'utf8')).toBe('precious');
    expect(said[0]).toMatch(/^tracker\.failed tracked file tf: .*ELOOP/);
  });
  test('that did not change is not told again by a reload', () => {
    watchFile();
    watchFile();
    expect(told).toEqual(['file tf 0']);
  });
});

describe('processes', () => {
  const NAME = `sleepy-${process.pid}-with-a-long-name`;
  const target = (own: Partial<ProcessTarget>): ProcessTarget => ({
    name: 'tp',
    command: NAME,
    parameters: [],
    match: 'any',
    fullCommand: false,
    quorum: 1,
    quorumMax: 65_535,
    terminateDelayMs: 0,
    forkDelayMs: 0,
    ...own,
  });
  const run = async (...words: string[]) => {
    const child = spawn(`${folder}/${NAME}`, words);
    await until('its start', () => countProcesses([target({ command: `${folder}/${NAME}` })])[0] !== 0);
    return child;
  };
  const watchProcess = (own: Partial<ProcessTarget> = {}) =>
    keeper.configure({ files: [], processes: [target(own)] } satisfies Pick<
      TrackerTargets,
      'files' | 'processes'
    >);
  beforeEach(() => copyFileSync('/usr/bin/sleep', `${folder}/${NAME}`));

  test('are told apart by name, path and parameters', async () => {
    const child = await run('100', '0');
    const path = `${folder}/${NAME}`;
    const cases: [Partial<ProcessTarget>, number][] = [
      [{}, 1],
      [{ command: NAME.slice(0, 15) }, 1],
      [{ command: NAME.slice(0, 14) }, 0],
      [{ command: path }, 1],
      [{ command: `/x/${NAME}` }, 0],
      [{ fullCommand: true }, 0],
      [{ command: path, fullCommand: true }, 1],
      [{ match: 'exact' }, 0],
      [{ match: 'exact', parameters: ['100', '0'] }, 1],
      [{ match: 'exact', parameters: ['100'] }, 0],
      [{ match: 'partial', parameters: ['100'] }, 1],
      [{ match: 'partial', parameters: ['10'] }, 0],
      [{ match: 'initial', parameters: ['10'] }, 1],
      [{ match: 'initial', parameters: ['10', '0'] }, 0],
      [{ match: 'partial', parameters: ['100', '0', '0'] }, 0],
      [{ match: 'initial' }, 0],
    ];
    const alone = cases.map(([own]) => countProcesses([target(own)])[0]);
    expect(alone).toEqual(cases.map(([, count]) => count));
    expect(countProcesses(cases.map(([own]) => target(own)))).toEqual(alone);
    child.kill();
  });
  test('are told when one dies and when it comes back', async () => {
    const first = await run('100');
    watchProcess();
    expect(told).toEqual(['process tp up']);
    first.kill();
    await until('its death', () => told.at(-1) === 'process tp down');
    const second = await run('100');
    await until('its return', () => told.at(-1) === 'process tp up');
    second.kill();
  });
});
