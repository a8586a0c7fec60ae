// What trackers (scripts, files, processes, BFD sessions) make of an instance: whether it may be a candidate
// at all, and what is added to its priority. As measured of keepalived 2.2.7. Does not know who looks.
import type { InstanceSettings, Track, TrackerId, Verdict } from './settings.ts';

/** `undecided`: a tracker that could forbid it has not been looked at yet. */
export type Fitness = 'fit' | 'unfit' | 'undecided';
export type Verdicts = ReadonlyMap<string, Verdict>;

/** A file's number times its weight forbids from here on, and counts for no more than this. */
const FILE = { forbids: -254, most: 253 };

export function trackerKey({ kind, name }: TrackerId): string {
  return `${kind} ${name}`;
}

/** The first tracker that forbids the instance to be a candidate; else the first that is not known yet. */
export function judge(
  { tracks }: InstanceSettings,
  verdicts: Verdicts,
): { fitness: Fitness; because?: Track } {
  let undecided: Track | undefined;
  for (const track of tracks) {
    const verdict = verdictOf(track, verdicts);
    if (forbids(track, verdict)) return { fitness: 'unfit', because: track };
    if (track.weight === 0 && verdict === 'unknown') undecided ??= track;
  }
  return undecided === undefined ? { fitness: 'fit' } : { fitness: 'undecided', because: undecided };
}

/** To be added to the configured priority. */
export function weightOf({ tracks }: InstanceSettings, verdicts: Verdicts): number {
  let sum = 0;
  for (const track of tracks) sum += added(track, verdictOf(track, verdicts));
  return sum;
}

function verdictOf(track: Track, verdicts: Verdicts): Verdict {
  return verdicts.get(trackerKey(track)) ?? 'unknown';
}

function forbids(track: Track, verdict: Verdict): boolean {
  const { weight, reverse } = track;
  if (weight !== 0) return typeof verdict === 'number' && product(track, verdict) <= FILE.forbids;
  if (typeof verdict === 'number') return (verdict !== 0) !== reverse;
  return verdict === (reverse ? 'up' : 'down');
}

function added(track: Track, verdict: Verdict): number {
  const { weight, reverse } = track;
  if (typeof verdict === 'number') {
    const value = product(track, verdict);
    return value <= FILE.forbids ? 0 : Math.min(FILE.most, value);
  }
  const isInForce = weight > 0 ? verdict === 'up' : verdict === 'down';
  if (!isInForce) return 0;
  return reverse ? -weight : weight;
}

function product({ weight, reverse }: Track, value: number): number {
  return value * (reverse ? -weight : weight);
}
