// Telling a kernel thread that answers nothing: what is acknowledged is in its table, whatever its queue
// does.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Intake, type Item, type Queue } from '../../src/sync/intake.ts';

const datagram = Buffer.alloc(9188);

const EMPTY: Queue = { life: 'a', waitingBytes: 0, drops: 3, arrived: 7 };
const idsOf = (items: readonly Item[]) => items.map(({ id }) => id);

test('nothing is sent before the queue was looked at, nothing is taken before it came and was read', () => {
  const intake = new Intake();
  intake.offer({ id: 1, datagram });
  expect(intake.next()).toEqual([]);
  expect(intake.look(EMPTY)).toEqual([]);
  expect(idsOf(intake.next())).toEqual([1]);
  intake.offer({ id: 2, datagram });
  expect(intake.next()).toEqual([]);
  expect(intake.look(EMPTY)).toEqual([]);
  expect(intake.look({ ...EMPTY, waitingBytes: 9000, arrived: 8 })).toEqual([]);
  expect(intake.look({ ...EMPTY, arrived: 8 })).toEqual([1]);
  expect(idsOf(intake.next())).toEqual([2]);
});

test('what had no room, what another thread got, and what could not be sent, is sent again', () => {
  const intake = new Intake();
  const queue = { ...EMPTY, drops: 0, arrived: 0 };
  intake.offer({ id: 1, datagram });
  intake.look(queue);
  intake.next();
  expect(intake.look({ ...queue, drops: 1, arrived: 1 })).toEqual([]);
  expect(idsOf(intake.next())).toEqual([1]);
  expect(intake.look({ ...queue, life: 'b', drops: 1, arrived: 2 })).toEqual([]);
  expect(idsOf(intake.next())).toEqual([1]);
  intake.refused(0);
  expect(intake.look({ ...queue, life: 'b', drops: 1, arrived: 2 })).toEqual([]);
  expect(idsOf(intake.next())).toEqual([1]);
  expect(intake.look(undefined)).toEqual([]);
  expect(intake.next()).toEqual([]);
  expect(intake.repeated).toBe(4);
});

test('what does not arrive for long is lost on the way, and sent again', () => {
  const intake = new Intake();
  intake.offer({ id: 1, datagram });
  intake.look(EMPTY);
  intake.next();
  for (let looks = 0; intake.lostInRow === 0; looks++) {
    expect(looks).toBeLessThan(301);
    expect(intake.look(EMPTY)).toEqual([]);
    if (intake.lostInRow === 0) expect(intake.next()).toEqual([]);
  }
  expect(idsOf(intake.next())).toEqual([1]);
  expect(intake.look({ ...EMPTY, arrived: 8 })).toEqual([1]);
  expect(intake.lostInRow).toBe(0);
});

/**
 * A thread with a queue of so many datagrams, that is started anew now and then; what is sent to it is on its
 * way for a while.
 */
class Thread {
  readonly table = new Set<number>();
  #room: number;
  #onWay: number[] = [];
  #queue: number[] = [];
  #life = 0;
  #drops = 0;
  #arrived = 0;
  constructor(room: number) {
    this.#room = room;
  }
  hear(id: number): void {
    this.#onWay.push(id);
  }
  arrive(count: number): void {
    for (const id of this.#onWay.splice(0, count)) {
      this.#arrived++;
      if (this.#queue.length < this.#room) this.#queue.push(id);
      else this.#drops++;
    }
  }
  lose(): void {
    this.#onWay.shift();
  }
  work(count: number): void {
    for (const id of this.#queue.splice(0, count)) this.table.add(id);
  }
  restart(): void {
    this.#queue = [];
    this.#drops = 0;
    this.#life++;
  }
  get queue(): Queue {
    const waitingBytes = this.#queue.length * 9188;
    return { life: `${this.#life}`, waitingBytes, drops: this.#drops, arrived: this.#arrived };
  }
}

test('whatever happens, what is said to be taken is in the table, and in the end all of it is', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.nat(4).map((count) => ({ do: 'work' as const, count })) },
    { weight: 4, arbitrary: fc.nat(10).map((count) => ({ do: 'arrive' as const, count })) },
    { weight: 4, arbitrary: fc.nat(30).map((count) => ({ do: 'offer' as const, count })) },
    { weight: 1, arbitrary: fc.constant({ do: 'lose' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'gone' as const }) },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 60 }), (room, steps) => {
      const thread = new Thread(room);
      const intake = new Intake();
      let offered = 0;
      const taken = new Set<number>();
      const turn = (queue: Queue | undefined) => {
        for (const id of intake.look(queue)) taken.add(id);
        for (const id of taken) expect(thread.table.has(id)).toBe(true);
        for (const { id } of intake.next()) thread.hear(id);
      };
      for (const each of steps) {
        if (each.do === 'offer')
          for (let n = 0; n < each.count; n++) intake.offer({ id: ++offered, datagram });
        if (each.do === 'arrive') thread.arrive(each.count);
        if (each.do === 'lose') thread.lose();
        if (each.do === 'work') thread.work(each.count);
        if (each.do === 'restart') thread.restart();
        turn(each.do === 'gone' ? undefined : thread.queue);
      }
      for (let left = 0; intake.isBusy && left < 10_000; left++) {
        thread.arrive(1);
        thread.work(1);
        turn(thread.queue);
      }
      expect(taken.size).toBe(offered);
    }),
    { numRuns: 1000 },
  );
});
