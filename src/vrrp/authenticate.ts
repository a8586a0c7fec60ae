// The signature of adverts where an instance sends and hears them: puts it on, has it verified, and says what
// an operator should know about a peer's clock. The bytes and the rules are in auth.ts.
import type { Address } from '../core/address.ts';
import { type Authenticator, type AuthRefusal, sign, verify } from './auth.ts';
import { count, type Instance, isQuiet, notice, type Parcel, type Turn } from './instance.ts';
import { type Decoded, withTrailer } from './packet.ts';

/** `unexpected-signature`: who has no keys cannot say whether it is right; keepalived drops it, too. */
type Refused = { ok: false; drop: AuthRefusal | 'unexpected-signature'; skewMs?: number };
type Examined = { ok: true; skewMs?: number; isOld?: true } | Refused;
type Heard = Decoded & { ok: true };

const SKEW_EACH_MS = 60_000;
const UNSIGNED_EACH_MS = 3_600_000;

/** One signature, of this moment, for all destinations. What has no room for one stays as it is. */
export function signed(
  auth: Authenticator | undefined,
  parcels: readonly Parcel[],
  wallMs: number,
): readonly Parcel[] {
  const signing = parcels[0]?.signing;
  if (auth === undefined || signing === undefined) return parcels;
  const trailer = sign(auth, signing, wallMs);
  return parcels.map(({ to, packet }) => ({ to, packet: withTrailer(packet, trailer) }));
}

export function examine(auth: Authenticator | undefined, heard: Heard, wallMs: number): Examined {
  const { advert, signature } = heard;
  if (auth !== undefined) return verify(auth, advert.source, signature, wallMs);
  return signature === undefined ? { ok: true } : { ok: false, drop: 'unexpected-signature' };
}

/** Undefined = it counts. */
export function authenticate(instance: Instance, heard: Heard, turn: Turn): Refused | undefined {
  const { auth } = instance;
  const { source } = heard.advert;
  const examined = examine(auth, heard, turn.wallMs);
  if (!examined.ok) return examined;
  const { skewMs } = examined;
  if (skewMs === undefined) {
    if (auth !== undefined) noteUnsigned(instance, source, turn);
    return undefined;
  }
  if (examined.isOld) noteOld(instance, source, turn);
  instance.clockSkewMs = Math.round(skewMs);
  if (auth!.settings.antiReplay === 'time') watchClock(instance, source, skewMs, turn);
  return undefined;
}

/** While keys are brought in: who is still to get them. */
function noteUnsigned(instance: Instance, from: Address, turn: Turn): void {
  count(instance, 'unsigned');
  if (isQuiet(instance, `unsigned ${from}`, turn.nowMs, UNSIGNED_EACH_MS)) return;
  const message = `${from} does not sign its adverts; with \`mode enforce\` they would be dropped`;
  notice(instance, 'vrrp.advert.odd', message, { from, oddity: 'unsigned' }, turn);
}

/** Its clock fell back over a restart, or somebody plays what was recorded. */
function noteOld(instance: Instance, from: Address, turn: Turn): void {
  count(instance, 'oldSequence');
  if (isQuiet(instance, `old ${from}`, turn.nowMs, UNSIGNED_EACH_MS)) return;
  const message = `${from} numbers its adverts anew from further back; \`mode enforce\` would drop them`;
  notice(instance, 'vrrp.advert.odd', message, { from, oddity: 'old-sequence' }, turn);
}

function watchClock(instance: Instance, from: Address, skewMs: number, turn: Turn): void {
  const { windowSeconds } = instance.auth!.settings;
  if (Math.abs(skewMs) <= (windowSeconds * 1000) / 2) return;
  if (isQuiet(instance, `skew ${from}`, turn.nowMs, SKEW_EACH_MS)) return;
  const message = `${from}: ${skewText(skewMs)}; beyond ${windowSeconds} s its adverts are dropped`;
  const fields = { from, skewMs: Math.round(skewMs), windowSeconds };
  notice(instance, 'vrrp.clock.skew', message, fields, turn);
}

/** Whoever sent it: of a recording, too. */
export function skewText(skewMs: number): string {
  const seconds = Math.abs(Math.round(skewMs) / 1000);
  return `its clock is ${seconds} s ${skewMs < 0 ? 'behind' : 'ahead of'} ours`;
}
