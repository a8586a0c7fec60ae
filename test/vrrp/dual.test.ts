// How long there were two masters, with whom, and who gave way.
import { beforeEach, describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import { Lone, noticesOf, THEIRS } from './lone.ts';

let lone: Lone;
beforeEach(() => {
  lone = new Lone();
});
const dual = (actions: readonly Action[]) =>
  noticesOf(actions).flatMap(({ event, fields }) => (event === 'vrrp.dual' ? [fields] : []));
const becomeMaster = () => {
  lone.configure();
  lone.pass(6000);
  expect(lone.states).toEqual(['MASTER']);
};

describe('a worse one', () => {
  test('that falls silent has yielded, and was master from its first advert to its last', () => {
    becomeMaster();
    lone.hear({ priority: 50 });
    lone.pass(700);
    lone.hear({ priority: 50 });
    // An interval of 1 s: until a backup of it would take over nobody can tell that it went.
    expect(dual(lone.pass(3600))).toEqual([]);
    const told = { instance: 'VI_1', other: THEIRS, priority: 50, ms: 700, adverts: 2, ended: 'it yielded' };
    expect(dual(lone.pass(100))).toEqual([told]);
    expect(lone.counters).toMatchObject({ VI_1: { dualMasters: 1, dualMasterMs: 700 } });
    expect(dual(lone.pass(10_000))).toEqual([]);
  });

  test('may resign', () => {
    becomeMaster();
    lone.hear({ priority: 50 });
    lone.pass(1500);
    lone.hear({ priority: 50 });
    expect(dual(lone.hear({ priority: 0 }))).toMatchObject([{ ms: 1500, adverts: 2, ended: 'it resigned' }]);
  });

  test('is not a second master with its last word, but with the next one', () => {
    lone.configure();
    lone.pass(3609.375); // becomes master now
    lone.hear({ priority: 50 });
    expect(dual(lone.pass(10_000))).toEqual([]);
    expect(lone.counters).toMatchObject({ VI_1: { rivalAdverts: 1 } });
    lone.hear({ priority: 50 });
    expect(dual(lone.pass(10_000))).toMatchObject([{ ms: 0, adverts: 1, ended: 'it yielded' }]);
  });

  test('is measured to the moment at which we leave', () => {
    becomeMaster();
    lone.hear({ priority: 50 });
    lone.pass(400);
    lone.hear({ priority: 50 });
    expect(dual(lone.feed({ type: 'command', command: { type: 'stop' } }))).toMatchObject([
      { ms: 400, ended: 'we left' },
    ]);
  });

  test('of each its own time; forged addresses without end are counted, not kept', () => {
    becomeMaster();
    for (let n = 0; n < 300; n++) lone.hear({ priority: 50, source: address(`10.0.1.${n % 250}`) });
    const told = dual(lone.pass(10_000));
    expect(told).toHaveLength(1); // rate limited
    expect(lone.counters).toMatchObject({ VI_1: { dualMasters: 8, rivalAdverts: 300 } });
  });
});

describe('a better one', () => {
  test('that was master before and fell silent: there may have been two since we are', () => {
    lone.configure();
    lone.hear();
    lone.pass(13_609.375); // master for 10 s: silence of 3.609 s, begun at the advert
    expect(lone.states).toEqual(['MASTER']);
    const told = { ms: 0, atMostMs: 10_000, adverts: 1, ended: 'we yielded', other: THEIRS };
    expect(dual(lone.hear())).toMatchObject([told]);
    expect(lone.states).toEqual(['BACKUP']);
    expect(lone.counters).toMatchObject({ VI_1: { dualMastersPossible: 1 } });
  });

  test('that was never heard, or resigned, has preempted us, as it should', () => {
    becomeMaster();
    expect(dual(lone.hear())).toEqual([]);
    lone.hear({ priority: 0 });
    lone.pass(6000);
    expect(lone.states).toEqual(['MASTER']);
    expect(dual(lone.hear())).toEqual([]);
    lone.pass(6000);
    expect(dual(lone.hear({ source: address('10.0.0.13') }))).toEqual([]);
  });
});
