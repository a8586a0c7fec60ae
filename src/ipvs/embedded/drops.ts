// Why the engine did not pass a frame on: each reason is a counter, a metric label and a test expectation at
// once.

export const DROP_REASONS = [
  'too-short',
  'bad-header',
  'not-ip',
  'extension-headers',
  'not-for-us',
  'fragment',
  'segments',
  'bad-checksum',
  'protocol',
  'no-connection',
  'no-service',
  'no-server',
  'no-call-id',
  'server-removed',
  'table-full',
  'ttl-expired',
  'too-big',
  'no-route',
  'no-neighbour',
  'neighbours-full',
  'outbox-full',
  'answers-limited',
  'arp',
  'icmp',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

export const DROP = Object.fromEntries(DROP_REASONS.map((reason, index) => [reason, index])) as Readonly<
  Record<DropReason, number>
>;
/**
 * A verdict is the interface to send on (0 and up), or one of these: the frame itself goes nowhere. `taken`:
 * it was for the engine, which answered or kept it; `dropped`: counted with a reason.
 */
export const VERDICT = { taken: -1, dropped: -2 } as const;

export class Drops {
  readonly #counts = new Float64Array(DROP_REASONS.length);

  /** Always VERDICT.dropped, so that a caller can return it. */
  count(drop: number): number {
    this.#counts[drop]!++;
    return VERDICT.dropped;
  }

  /** Reasons that have happened. */
  read(): Readonly<Partial<Record<DropReason, number>>> {
    return Object.fromEntries(
      DROP_REASONS.map((reason, index) => [reason, this.#counts[index]!] as const).filter(([, n]) => n > 0),
    );
  }
}
