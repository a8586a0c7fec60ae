// Known mistakes in the stream between two balancers, each of which the simulation has to see: `npm run sim
// -- mutations` makes them, one at a time, in a copy of the sources.
import type { Mutation } from '../../sim/mutations.ts';

const ORDER = 'src/sync/order.ts';
const SHADOW = 'src/sync/shadow.ts';
const OUTGOING = 'src/sync/outgoing.ts';
const INCOMING = 'src/sync/incoming.ts';
const STREAM = 'src/sync/stream.ts';

export const SYNC_MUTATIONS: readonly Mutation[] = [
  {
    what: 'acknowledged when told, not when it is in the engine',
    file: INCOMING,
    from: 'if (this.#onWay.length === 0) this.#injected = this.#told;',
    to: 'this.#injected = this.#told;',
  },
  {
    what: 'a new life of the peer is told only what is new',
    file: STREAM,
    from: 'const from = past?.bootId === bootId && past.epoch === epoch ? past.upTo : 0;',
    to: 'const from = past !== undefined ? past.upTo : 0;',
  },
  {
    what: 'each connection begins with a full copy',
    file: STREAM,
    from: 'const from = past?.bootId === bootId && past.epoch === epoch ? past.upTo : 0;',
    to: 'const from = 0;',
  },
  {
    what: 'what the peer told of itself counts as known for ever',
    file: SHADOW,
    from: '    this.#peer++;\n',
    to: '',
  },
  {
    what: 'what the peer told is told back',
    file: SHADOW,
    from: 'this.#knownBy[slot] = this.#peer;\n    if (isSame',
    to: 'if (isSame',
  },
  {
    what: 'a change of what was sent is not a new version',
    file: ORDER,
    from: 'if (!this.isSent(slot)) return;',
    to: 'if (this.#version[slot] !== 0) return;',
  },
  {
    what: 'a lost connection sends nothing again',
    file: ORDER,
    from: '    this.sent = this.acked;\n    this.#unsent = this.#unacked;\n',
    to: '',
  },
  {
    what: 'what is lost with a connection still counts as acknowledged',
    file: STREAM,
    from: '    this.#shadow.order.release();\n',
    to: '',
  },
  {
    what: 'what is removed or changes still counts as covered',
    file: ORDER,
    from: 'if (this.isAcked(slot)) this.#onAcked(slot, -1);',
    to: '',
  },
  {
    what: 'the last word counts, whoever says it',
    file: SHADOW,
    from: 'const isNewer = stamp > this.#stamp[slot]!;',
    to: 'const isNewer = true;',
  },
  {
    what: 'the clock does not follow the peer',
    file: SHADOW,
    from: 'this.#clock = Math.max(this.#clock, clock);',
    to: '',
  },
  {
    what: 'what a node forwards in a new life is older than what is remembered of the last one',
    file: SHADOW,
    from: 'this.#stamp[slot]! += by;',
    to: 'this.#stamp[slot]! += 0;',
  },
  {
    what: 'a change keeps its stamp',
    file: SHADOW,
    from: 'this.#stamp[slot] = ++this.#clock;',
    to: '',
  },
  {
    what: 'everything is acknowledged with the first word of the peer',
    file: OUTGOING,
    from: 'order.acknowledge(this.#onWay.length === 0 ? order.sent : upTo);',
    to: 'order.acknowledge(order.sent);',
  },
  {
    what: 'an entry of each datagram is left out',
    file: INCOMING,
    from: 'for (const index of starts.keys()) batch',
    to: 'for (const index of [...starts.keys()].slice(1)) batch',
  },
  {
    what: 'silence is not noticed',
    file: STREAM,
    from: 'if (isMute || this.#nowMs >= connection.heardMs + SILENT_MS)',
    to: 'if (isMute)',
  },
  {
    what: 'an older connection is kept',
    file: STREAM,
    from: "    this.#end('replaced');\n",
    to: '    if (this.#connection !== undefined) return;\n',
  },
  {
    what: 'what there was no room for counts as acknowledged',
    file: INCOMING,
    from: "if (learned === 'full') this.#refused++;",
    to: '',
  },
  {
    what: 'frames go on from wherever a piece began',
    file: 'src/sync/frame.ts',
    from: 'at === all.length ? NOTHING : Buffer.from(all.subarray(at));',
    to: 'NOTHING;',
  },
];
