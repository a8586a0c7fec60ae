// Unicast between two directors: do adverts of each go far enough for the other's min_ttl?
import type { Located, Span } from '../../core/diagnostic.ts';
import type { VrrpInstance } from '../model.ts';
import type { PairReport } from './pair-report.ts';

const USUAL_TTL = 255;

/** Routers between them only make it less; whether there are as many as max_ttl wants nobody knows here. */
export function compareTtls([a, b]: readonly [VrrpInstance, VrrpInstance], pair: PairReport): void {
  const ofA = leastFor(a, b);
  const [sentByA, sentByB] = [sent(a), sent(b)];
  if (ofA !== undefined && sentByB.value < ofA.value) {
    const message = `adverts leave here with TTL ${sentByB.value}, which the other director drops`;
    pair.add('CFG_PAIR_UNICAST', [ofA.at, sentByB.at], message, `min_ttl ${ofA.value} on the other director`);
  }
  const ofB = leastFor(b, a);
  if (ofB !== undefined && sentByA.value < ofB.value) {
    const message = `min_ttl ${ofB.value} drops what the other director sends`;
    pair.add('CFG_PAIR_UNICAST', [sentByA.at, ofB.at], message, `with TTL ${sentByA.value}`);
  }
}

function sent({ unicastTtl, name }: VrrpInstance): Located<number> & { at: Span } {
  return unicastTtl ?? { value: USUAL_TTL, at: name.at };
}

/** What `own` asks of the adverts of `other`; of one peer alone, whatever its address. */
function leastFor(own: VrrpInstance, other: VrrpInstance): Located<number> | undefined {
  const { unicastPeers: peers } = own;
  const peer = peers.find(({ value }) => value === other.sourceAddress?.value);
  return (peer ?? (peers.length === 1 ? peers[0] : undefined))?.minTtl;
}
