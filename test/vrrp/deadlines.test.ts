// Who is due next, among many whose timers are set, put off and taken back.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Agenda, Deadlines } from '../../src/vrrp/deadlines.ts';
import type { Timer } from '../../src/vrrp/router.ts';

const OWNERS = 9;
const TIMERS: readonly Timer[] = ['masterDown', 'advert', 'refresh'];

test('as if everybody were looked at each time', () => {
  const change = fc.record({
    owner: fc.nat(OWNERS - 1),
    timer: fc.constantFrom(...TIMERS),
    // Few values: many owners are due together.
    atMs: fc.option(fc.nat(20), { nil: undefined }),
    clears: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const agenda = new Agenda();
      const all = Array.from({ length: OWNERS }, (_, i) => new Deadlines(agenda, `${i}`));
      for (const { owner, timer, atMs, clears } of changes) {
        const deadlines = all[owner]!;
        if (atMs !== undefined) deadlines.set(timer, atMs);
        else if (clears) deadlines.clear();
        else deadlines.delete(timer);
        const next = all.map((each) => Math.min(...each.values()));
        expect(agenda.nextMs).toBe(Math.min(...next));
        const first = next.indexOf(agenda.nextMs);
        expect(agenda.next).toBe(agenda.nextMs === Number.POSITIVE_INFINITY ? undefined : `${first}`);
      }
    }),
  );
});

describe('an owner', () => {
  test('is taken in the order of deadlines, and of two equal ones who came first', () => {
    const agenda = new Agenda();
    const at = { a: 30, b: 10, c: 20, d: 10 };
    const all = new Map(Object.keys(at).map((name) => [name, new Deadlines(agenda, name)]));
    for (const [name, atMs] of Object.entries(at)) all.get(name)!.set('advert', atMs);
    const order: string[] = [];
    for (let next = agenda.next; next !== undefined; next = agenda.next) {
      order.push(next);
      all.get(next)!.delete('advert');
    }
    expect(order).toEqual(['b', 'd', 'c', 'a']);
  });
});
