// CLOCK_MONOTONIC, the clock that all processes of the machine share: for times that cross from one to
// another.

/** Milliseconds, with fractions. `performance.now()` counts from each process's own start instead. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
