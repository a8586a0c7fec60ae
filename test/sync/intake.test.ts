// Telling a kernel thread that answers nothing: what is acknowledged is in its table, whatever its queue
// does.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Intake, type Queue } from '../../src/sync/intake.ts';

const datagram = Buffer.alloc(9188);

test('nothing is sent before the queue was looked at, and nothing is taken before it is empty', () => {
  const intake = new Intake();
  intake.offer({ id: 1, datagram });
  expect(intake.next()).toEqual([]);
  const empty = { life: 'a', waitingBytes: 0, drops: 3 };
  expect(intake.look(empty)).toEqual([]);
  expect(intake.next().map(({ id }) => id)).toEqual([1]);
  intake.offer({ id: 2, datagram });
  expect(intake.next()).toEqual([]);
  expect(intake.look({ ...empty, waitingBytes: 9000 })).toEqual([]);
  expect(intake.look(empty)).toEqual([1]);
  expect(intake.next().map(({ id }) => id)).toEqual([2]);
});

test('what had no room, what another thread got, and what could not be sent, is sent again', () => {
  const intake = new Intake();
  const queue = { life: 'a', waitingBytes: 0, drops: 0 };
  intake.offer({ id: 1, datagram });
  intake.look(queue);
  intake.next();
  expect(intake.look({ ...queue, drops: 1 })).toEqual([]);
  expect(intake.next().map(({ id }) => id)).toEqual([1]);
  expect(intake.look({ ...queue, life: 'b', drops: 1 })).toEqual([]);
  expect(intake.next().map(({ id }) => id)).toEqual([1]);
  intake.refused();
  expect(intake.look({ ...queue, life: 'b', drops: 1 })).toEqual([]);
  expect(intake.next().map(({ id }) => id)).toEqual([1]);
  expect(intake.look(undefined)).toEqual([]);
  expect(intake.next()).toEqual([]);
  expect(intake.repeated).toBe(4);
});

/** A thread with a queue of so many datagrams, that is started anew now and then. */
class Thread {
  readonly table = new Set<number>();
  #room: number;
  #queue: number[] = [];
  #life = 0;
  #drops = 0;
  constructor(room: number) {
    this.#room = room;
  }
  hear(id: number): void {
    if (this.#queue.length < this.#room) this.#queue.push(id);
    else this.#drops++;
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
    return { life: `${this.#life}`, waitingBytes: this.#queue.length * 9188, drops: this.#drops };
  }
}

test('whatever happens, what is said to be taken is in the table, and in the end all of it is', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.nat(4).map((count) => ({ do: 'work' as const, count })) },
    { weight: 4, arbitrary: fc.nat(30).map((count) => ({ do: 'offer' as const, count })) },
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
        if (each.do === 'work') thread.work(each.count);
        if (each.do === 'restart') thread.restart();
        turn(each.do === 'gone' ? undefined : thread.queue);
      }
      for (let left = 0; intake.isBusy && left < 10_000; left++) {
        thread.work(1);
        turn(thread.queue);
      }
      expect(taken.size).toBe(offered);
    }),
  );
});
