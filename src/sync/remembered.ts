// What the engine was told of by the peer, for an engine that has to be told again.
import { DATAGRAM_MAX, SyncBatch } from './encode.ts';
import type { Shadow } from './shadow.ts';

/** One datagram after the other, each valid until the next. */
export function* remembered(shadow: Shadow): Generator<Buffer> {
  const batch = new SyncBatch({ syncId: 0, maxlen: DATAGRAM_MAX });
  let last = 0;
  do {
    last = shadow.addRemembered(batch, last);
    const datagram = batch.take();
    if (datagram !== undefined) yield datagram;
  } while (last !== 0);
}
