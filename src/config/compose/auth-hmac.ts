// What the `auth_hmac` blocks of a vrrp_instance come to: the keys of its adverts, or none. keepalived goes
// on unsigned where the key that is to sign is missing; for us that is an error, with --compat, too.
import type { Span } from '../../core/diagnostic.ts';
import type { AuthHmac, HmacKey } from '../model.ts';
import type { Report } from '../report.ts';
import type { AUTH_HMAC } from '../schema/auth-hmac.ts';
import { all, last, type Settings, settled } from '../settings.ts';

type Body = Settings<typeof AUTH_HMAC>;

const SHORTEST_WINDOW = 5;
const LONGEST_WINDOW = 300;

/** Undefined: adverts are not signed. Several blocks are one, as in keepalived. */
export function composeHmac(
  blocks: readonly { at: Span; body: Body }[],
  advertMs: number,
  report: Report,
): AuthHmac | undefined {
  const block = blocks.at(-1);
  if (block === undefined) return undefined;
  const bodies = blocks.map(({ body }) => body);
  const lastOf = (name: 'active_key' | 'time_window') =>
    bodies.map((body) => last(body, name)).findLast((given) => given !== undefined);
  const settledOf = <N extends 'anti_replay' | 'mode'>(name: N) =>
    settled(bodies.findLast((body) => last(body, name) !== undefined) ?? block.body, name);
  const keys = keysOf(bodies, report);
  const active = lastOf('active_key');
  const antiReplay = settledOf('anti_replay');
  const window = lastOf('time_window');
  if (window !== undefined && antiReplay.value === 'monotonic') {
    const message = 'time_window changes nothing with `anti_replay monotonic`';
    report.add('CFG_REDUNDANT', window.at, message, 'clocks need not agree there: leave it out');
  }
  const windowSeconds = window ?? { value: usualWindow(advertMs), at: block.at };
  const signing = keys.find(({ id }) => id.value === active?.value);
  if (signing === undefined) {
    // With --compat what was wrong with a word is no error; this is.
    const isWrong = !report.compat && bodies.some(({ wrong }) => wrong.length > 0);
    if (!isWrong) reportNoKey(active, block.at, report);
    return undefined;
  }
  const mode = settledOf('mode');
  return { at: block.at, keys, activeKey: active!, mode, antiReplay, windowSeconds };
}

function keysOf(bodies: readonly Body[], report: Report): HmacKey[] {
  const keys = new Map<number, HmacKey>();
  for (const { value, at } of bodies.flatMap((body) => all(body, 'key'))) {
    const { id, source } = value;
    if (keys.has(id)) {
      const message = `there is a key ${id} already: this one is left out`;
      report.add('CFG_DUPLICATE', at, message, 'each key has an id of its own');
    } else keys.set(id, { at, id: { value: id, at }, source });
  }
  return [...keys.values()];
}

function reportNoKey(active: { value: number; at: Span } | undefined, at: Span, report: Report): void {
  const message =
    active === undefined
      ? 'auth_hmac without an active_key: nothing says which key signs'
      : `there is no key ${active.value} to sign with`;
  report.add('CFG_KEY', active?.at ?? at, message, 'keepalived would go on without signatures');
}

/** keepalived's: of the whole seconds of advert_int. */
function usualWindow(advertMs: number): number {
  return Math.min(LONGEST_WINDOW, Math.max(SHORTEST_WINDOW, 3 * Math.floor(advertMs / 1000)));
}
