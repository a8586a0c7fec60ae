// One line of the bench's table, and the figures' common arithmetic. Says what was measured, judges nothing.

export type Row = {
  name: string;
  ours: number;
  /** keepalived's, or the kernel's, in the same run. */
  theirs?: number;
  unit: string;
  /** ours / theirs. */
  ratio?: number;
  /** What we want it to be, in words. */
  bound?: string;
};

/** A row with its ratio worked out; figures are rounded to what they are worth. */
export function row(values: Omit<Row, 'ratio'>): Row {
  const { ours, theirs } = values;
  const rounded = { ...values, ours: significant(ours) };
  if (theirs === undefined) return rounded;
  const ratio = theirs === 0 ? {} : { ratio: significant(ours / theirs) };
  return { ...rounded, theirs: significant(theirs), ...ratio };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? sorted[Math.floor(middle)]!
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** `share`: 0.99 is what 99 of 100 do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!;
}

function significant(value: number): number {
  return Number(value.toPrecision(3));
}
