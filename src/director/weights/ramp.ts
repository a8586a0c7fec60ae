// Slow start as integers: IPVS knows whole weights only, and most files give every server the weight 1.
//
// While a server of a pool grows, all weights of the pool are multiplied by one number, so that the smallest
// growing one has at least STEPS steps to climb. The schedulers that can do this go by the ratios of weights,
// which among the others stay what they were. When the last one has grown the file's numbers are back.

export const STEPS = 20;
/** The most that ipvsadm and keepalived give. */
const MOST_WEIGHT = 65_535;

/** From 1 to STEPS; every server begins with one step. */
export function stepOf(elapsedMs: number, overMs: number): number {
  if (elapsedMs >= overMs) return STEPS;
  return Math.min(STEPS, Math.floor((Math.max(0, elapsedMs) * STEPS) / overMs) + 1);
}

/** When the step after this moment's begins. */
export function nextStepMs(elapsedMs: number, overMs: number): number {
  return (stepOf(elapsedMs, overMs) * overMs) / STEPS;
}

/** `weights`: all of a pool; `growing`: those of them that grow, above 0. */
export function scaleOf(weights: Iterable<number>, growing: readonly number[]): number {
  if (growing.length === 0) return 1;
  const wanted = Math.ceil(STEPS / Math.min(...growing));
  const room = Math.floor(MOST_WEIGHT / Math.max(...weights));
  return Math.max(1, Math.min(wanted, room));
}

export function grownWeight(weight: number, step: number): number {
  return Math.max(1, Math.round((weight * step) / STEPS));
}
