// CLOCK_MONOTONIC, the clock that all processes and threads of the machine share: for times that cross from
// one to another, and for the elector's deadlines. And UTC, which may be set at any time, for what other
// machines compare with their own.

const NS_PER_MS = 1e6;
/** performance.now() runs on the same clock, from the thread's start; and it allocates nothing. */
const ORIGIN_MS = Number(process.hrtime.bigint()) / NS_PER_MS - performance.now();

/** Milliseconds, with fractions. */
export function monotonicMs(): number {
  return ORIGIN_MS + performance.now();
}

/** Milliseconds since 1970. Not performance.timeOrigin, which does not follow when the clock is set. */
export function wallClockMs(): number {
  return Date.now();
}
