// plan.json: for its owner only, taken away by the director whose it is and by no other.
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planPath, readPlan, removePlan, writePlan } from '../../src/console/plan-file.ts';
import type { Notice } from '../../src/core/events.ts';
import { PlanKeeper } from '../../src/daemon/plan-keeper.ts';
import { type Plan, planConfiguration } from '../../src/director/plan-document.ts';

let parent: string;
const folder = (name: string) => join(parent, name);
const plan = (runtimeDirectory: string): Plan => {
  const text = `director {\n  runtime_directory ${runtimeDirectory}\n}\n`;
  return planConfiguration(readConfiguration([{ name: 'x', text }]).configuration, 'salt');
};
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'lvs-director-plan-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

test('is for its owner only, and read as it was written', async () => {
  const document = { directorPid: process.pid, version: '0', plan: plan(folder('run')) };
  await writePlan(folder('run'), document);
  expect(readdirSync(folder('run'))).toEqual(['plan.json']);
  expect(lstatSync(planPath(folder('run'))).mode & 0o777).toBe(0o600);
  expect(readPlan(folder('run'))).toEqual({ ok: true, document });
});

test('is not taken away by another director that shares the directory', async () => {
  await writePlan(parent, { directorPid: process.pid, version: '0', plan: plan(parent) });
  await removePlan(parent, process.pid + 1);
  expect(readPlan(parent).ok).toBe(true);
  await removePlan(parent, process.pid);
  expect(existsSync(planPath(parent))).toBe(false);
  await removePlan(parent, process.pid);
});

test('follows the configuration from one directory to another, and goes at the end', async () => {
  const said: Notice[] = [];
  const keeper = new PlanKeeper(process.pid, (notice) => said.push(notice));
  keeper.keep(plan(folder('one')));
  keeper.keep(plan(folder('two')));
  await expect.poll(() => readPlan(folder('two')).ok).toBe(true);
  keeper.keep(plan(folder('three')));
  await expect.poll(() => [readPlan(folder('two')).ok, readPlan(folder('three')).ok]).toEqual([false, true]);
  await keeper.remove();
  expect(existsSync(planPath(folder('three')))).toBe(false);
  expect(said).toEqual([]);
});

test('that cannot be written is said once, until it could', async () => {
  const said: Notice[] = [];
  const keeper = new PlanKeeper(process.pid, (notice) => said.push(notice));
  const bad = '/proc/nowhere';
  for (const directory of [bad, bad, folder('run'), bad]) {
    keeper.keep(plan(directory));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(said.map(({ event, fields }) => [event, fields?.directory])).toEqual([
    ['plan.failed', bad],
    ['plan.failed', bad],
  ]);
  expect(existsSync(planPath(folder('run')))).toBe(false);
  await keeper.remove();
});
