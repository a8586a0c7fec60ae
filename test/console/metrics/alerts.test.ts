// examples/monitoring: Prometheus itself reads the files, and its rules say what they are there for.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { METRICS } from '../../../src/console/metrics/catalogue.ts';
import { PANELS, renderDashboard } from '../../../tools/dashboard.ts';

const MONITORING = fileURLToPath(new URL('../../../examples/monitoring', import.meta.url));
const ALERTS = join(MONITORING, 'alerts.yml');
const scratch = mkdtempSync(join(tmpdir(), 'lvs-director-alerts-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function promtool(...words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync('promtool', words, { encoding: 'utf8' });
  expect(error).toBeUndefined();
  expect(status, `${stdout}${stderr}`).toBe(0);
  return stdout;
}

test('Prometheus takes both files', () => {
  promtool('check', 'config', '--syntax-only', join(MONITORING, 'prometheus.yml'));
  expect(promtool('check', 'rules', ALERTS)).toContain('SUCCESS');
});

test.each(['alerts.yml', 'grafana.json'])('%s is about metrics that there are', (file) => {
  const named = readFileSync(join(MONITORING, file), 'utf8').match(/lvs_director_\w+/g) ?? [];
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !Object.hasOwn(METRICS, name))).toEqual([]);
});

test('grafana.json is current (else: npm run fix), and Prometheus takes each of its expressions', () => {
  expect(readFileSync(join(MONITORING, 'grafana.json'), 'utf8')).toBe(renderDashboard());
  const expressions = PANELS.flatMap(({ queries }) => queries.map(([expression]) => expression));
  const rules = expressions.map((expression, index) => ({
    record: `panel:${index}`,
    // Grafana puts in how often it asks.
    expr: expression.replaceAll('$__rate_interval', '1m'),
  }));
  const file = join(scratch, 'panels.yml');
  writeFileSync(file, stringify({ groups: [{ name: 'panels', rules }] }));
  expect(promtool('check', 'rules', file)).toContain(`${rules.length} rules found`);
});

const OF_A = 'pair="front", job="lvs-director", instance="a"';
const OF_B = 'pair="front", job="lvs-director", instance="b"';
const state = (of: string, word: string) =>
  `lvs_director_vrrp_state{${of}, vrrp_instance="V", state="${word}"}`;
const counted = (what: string) => `lvs_director_vrrp_${what}_total{${OF_A}, vrrp_instance="V"}`;
type Case = { alert: string; series: Record<string, string>; before: string; at: string };

/** `series` in Prometheus's notation, a value each five seconds; silent at `before`, told at `at`. */
const CASES: readonly Case[] = [
  { alert: 'DirectorDown', series: { [`up{${OF_A}}`]: '1x5 0x60' }, before: '35s', at: '70s' },
  {
    alert: 'SplitBrain',
    series: { [state(OF_A, 'MASTER')]: '1x60', [state(OF_B, 'MASTER')]: '0x5 1x50' },
    before: '35s',
    at: '60s',
  },
  { alert: 'TwoMastersHeard', series: { [counted('dual_masters')]: '0x5 1x50' }, before: '25s', at: '60s' },
  {
    alert: 'NoMaster',
    series: { [state(OF_A, 'MASTER')]: '1x5 0x50', [state(OF_B, 'MASTER')]: '0x60' },
    before: '35s',
    at: '60s',
  },
  { alert: 'Flapping', series: { [counted('became_master')]: '0x5 1+1x60' }, before: '30s', at: '90s' },
  {
    alert: 'ReloadFailed',
    series: { [`lvs_director_config_last_reload_successful{${OF_A}}`]: '1x5 0x60' },
    before: '20s',
    at: '40s',
  },
  {
    alert: 'NotInSync',
    series: { [`lvs_director_sync_state{${OF_A}, state="alone"}`]: '0x5 1x60' },
    before: '60s',
    at: '100s',
  },
  {
    alert: 'SyncLags',
    series: { [`lvs_director_sync_coverage_ratio{${OF_A}}`]: '1x5 0.98x60' },
    before: '60s',
    at: '100s',
  },
  {
    alert: 'ServiceDown',
    series: { [`lvs_director_service_servers_up{${OF_A}, service="TCP 192.0.2.1:80"}`]: '2x5 0x60' },
    before: '20s',
    at: '40s',
  },
  {
    alert: 'ServerDown',
    series: { [`lvs_director_server_up{${OF_A}, service="S", server="10.1.0.21:80"}`]: '1x5 0x60' },
    before: '60s',
    at: '100s',
  },
  {
    alert: 'TableChangedByOthers',
    series: { [`lvs_director_ipvs_drift_corrections_total{${OF_A}}`]: '0x5 1x60' },
    before: '20s',
    at: '60s',
  },
];

test('there is a case for each alert', () => {
  const { groups } = parse(readFileSync(ALERTS, 'utf8')) as { groups: { rules: { alert: string }[] }[] };
  const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
  expect(CASES.map(({ alert }) => alert)).toEqual(alerts);
});

test.each(CASES)('$alert: silent at $before, told at $at', ({ alert, series, before, at }) => {
  const told = (evalTime: string) => {
    const file = join(scratch, `${alert}-${evalTime}.yml`);
    const input_series = Object.entries(series).map(([name, values]) => ({ series: name, values }));
    const alert_rule_test = [{ eval_time: evalTime, alertname: alert, exp_alerts: [] }];
    const rules = { rule_files: [ALERTS], evaluation_interval: '5s' };
    writeFileSync(file, stringify({ ...rules, tests: [{ interval: '5s', input_series, alert_rule_test }] }));
    return spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
  };
  // None is expected: so one that is told makes the tool fail, and name it.
  expect(told(before)).toMatchObject({ status: 0 });
  const { status, stderr } = told(at);
  expect(status).toBe(1);
  expect(stderr).toContain(`alertname="${alert}"`);
});
