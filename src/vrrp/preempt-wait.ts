// A backup that is better than the master and does not know the connections yet: preempting would break them,
// so it waits, as machine.ts has it. Here is what makes it wait and what is told of it.
import type { EventName } from '../core/events.ts';
import type { Elector } from './elector.ts';
import { advance, type Instance, notice, type Turn } from './instance.ts';
import type { Effect } from './router.ts';

type Told = Effect & { do: 'tellWait' };
const EVENTS: Readonly<Record<Told['step'], EventName>> = {
  begins: 'vrrp.preempt.waits',
  known: 'vrrp.preempt.synced',
  over: 'vrrp.preempt.unsynced',
};

/** For when they became known, or no longer are, and for settings that changed. */
export function followPreemptWait(
  { settings, knowsConnections }: Elector,
  instance: Instance,
  turn: Turn,
): void {
  const { preemptWaitMs: before, ...own } = instance.own;
  const preemptWaitMs = knowsConnections ? undefined : settings.preemptWaitMs;
  if (preemptWaitMs === before) return;
  instance.own = preemptWaitMs === undefined ? own : { ...own, preemptWaitMs };
  advance(instance, { type: 'connections' }, turn);
}

export function tellWait(instance: Instance, { step, waitMs }: Told, turn: Turn): void {
  const from = instance.lastMaster?.address ?? 'the master';
  const limit = `${waitMs / 1000} s`;
  const message = {
    begins: `better than ${from}, whose connections are not known here yet: waits for them, ${limit} at most`,
    known: `knows the connections of ${from}: preempts it`,
    over: `does not know all connections of ${from} after ${limit}: preempts it all the same`,
  }[step];
  notice(instance, EVENTS[step], message, { from, waitMs }, turn);
}
