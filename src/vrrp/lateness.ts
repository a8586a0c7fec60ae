// How the elector wants to be scheduled, and `max_auto_priority`: what real-time priority it asks for when it
// has found itself woken late.

export type SchedulingSettings = {
  /** What ps calls the thread. */
  threadName?: string;
  /** While it has no real-time priority. */
  nice?: number;
  /** It runs on these only. */
  cpus?: readonly number[];
  /** CPU time that it may take without waiting; who takes more is ended by the kernel. */
  rttimeUs?: number;
  urgency?: Urgency;
};

export type Urgency = {
  /** SCHED_RR priority that is not exceeded; 0 = never asked for. */
  mostPriority: number;
  /** How late is late. */
  lateMs: number;
};

/** The next one, step by step as in keepalived; undefined = as it is. */
export function raisedPriority(current: number, lateMs: number, urgency: Urgency): number | undefined {
  if (lateMs < urgency.lateMs || current >= urgency.mostPriority) return undefined;
  return current + 1;
}
