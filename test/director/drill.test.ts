// The record of a failover drill: which notice comes when, with which figures.
import { expect, test } from 'vitest';
import { beginDrill, type Drill, rehearsalNotice, stepDrill } from '../../src/director/drill.ts';
import type { DrillStep } from '../../src/vrrp/settings.ts';

const step = (drill: Drill, instance: string, name: DrillStep, atMs: number) =>
  stepDrill(drill, { type: 'drill', instance, step: name, atMs });

test('a drill of two instances reports once, when the last of them may run again', () => {
  const [begun, notice] = beginDrill(['VI_1', 'VI_2'], 10_000, 7);
  expect(notice.event).toBe('drill.begun');
  let drill: Drill | undefined = begun;
  const said: unknown[] = [];
  const script: [string, DrillStep, number][] = [
    ['VI_1', 'handedOver', 1000],
    ['VI_2', 'handedOver', 1001],
    ['VI_1', 'relieved', 1020.26],
    ['VI_1', 'returned', 11_000],
    ['VI_2', 'relieved', 1041],
    ['VI_2', 'returned', 11_001],
  ];
  for (const [instance, name, atMs] of script) {
    expect(drill).toBeDefined();
    const [next, report] = step(drill!, instance, name, atMs);
    drill = next;
    if (report) said.push(report);
  }
  expect(drill).toBeUndefined();
  expect(said).toEqual([
    {
      event: 'drill.report',
      message: 'drill report: VI_1 taken over in 20.3 ms, VI_2 taken over in 40 ms',
      fields: {
        kind: 'drill',
        holdMs: 10_000,
        connections: 7,
        results: [
          { instance: 'VI_1', relieved: true, handoverMs: 20.3, awayMs: 10_000 },
          { instance: 'VI_2', relieved: true, handoverMs: 40, awayMs: 10_000 },
        ],
      },
    },
  ]);
});

test('a drill that nobody answered says so', () => {
  const [begun] = beginDrill(['VI_1'], 5000, 0);
  const [handed] = step(begun, 'VI_1', 'handedOver', 0);
  const [over, notice] = step(handed!, 'VI_1', 'unrelieved', 4000);
  expect(over).toBeUndefined();
  expect(notice?.message).toBe('drill report: nobody took over VI_1; we went on serving');
});

test('steps of an instance that is not drilled change nothing', () => {
  const [begun] = beginDrill(['VI_1'], 5000, 0);
  expect(step(begun, 'VI_9', 'returned', 1)).toEqual([begun]);
});

test.each([
  ['ready', { state: 'BACKUP', masterSilentMs: 90 }, 2, true],
  ['in fault', { state: 'FAULT', masterSilentMs: 90 }, 2, false],
  ['without a master', { state: 'BACKUP', masterSilentMs: undefined }, 2, false],
  ['without a live server', { state: 'BACKUP', masterSilentMs: 90 }, 0, false],
])('a rehearsal of a backup %s', (_, instance, serversUp, ready) => {
  const notice = rehearsalNotice({
    services: 1,
    servers: 3,
    serversUp,
    connections: 5,
    instances: [{ name: 'VI_1', priority: 100, ...instance }],
  });
  expect(notice.event).toBe('drill.report');
  expect(notice.fields).toMatchObject({ kind: 'rehearsal', ready });
});
