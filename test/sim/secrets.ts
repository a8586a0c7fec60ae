// What the directors of a world sign their adverts with, and how an operator changes it: rung by rung on a
// ladder, each director in its turn. Directors on one rung, or on two next to each other, hear each other.
import type { Random } from '../../src/core/time.ts';
import type { HmacSettings } from '../../src/vrrp/auth.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';

export type Secrets = Pick<InstanceSettings, 'hmac' | 'password'>;
export type Ladder = readonly Secrets[];
/** `stranger`: has other keys under the same ids, or another password. */
export type Signing = { ladder: Ladder; rung: number; stranger: boolean };

/** The rung on which most worlds begin: one key, and nothing unsigned counts. */
const SIGNED = 3;

/** Undefined: not signed at all. */
export function drawSigning(random: Random, version: 2 | 3): Signing | undefined {
  if (random() < 0.85) return undefined;
  if (version === 2 && random() < 0.4) return { ladder: [{ password: 'secret' }], rung: 0, stranger: false };
  const antiReplay = random() < 0.6 ? 'time' : 'monotonic';
  const whole = ladderOf(antiReplay, random() < 0.5 ? 2 : 5);
  const ladder = antiReplay === 'monotonic' && random() < 0.5 ? whole.slice(SIGNED) : whole;
  const first = ladder.indexOf(whole[SIGNED]!);
  const rung = random() < 0.6 ? first : Math.floor(random() * ladder.length);
  return { ladder, rung, stranger: false };
}

/** As docs/auth-hmac.md has it: how signatures are brought in, and how the key is changed afterwards. */
function ladderOf(antiReplay: HmacSettings['antiReplay'], windowSeconds: number): Ladder {
  const rung = (mode: HmacSettings['mode'], activeKey: number, ...ids: number[]): Secrets => {
    const keys = ids.map((id) => ({ id, secret: `${id}${id}`.repeat(32) }));
    return { hmac: { keys, activeKey, mode, antiReplay, windowSeconds } };
  };
  const change = (from: number, to: number) => [
    rung('enforce', from, from, to),
    rung('enforce', to, from, to),
    rung('enforce', to, to),
  ];
  const broughtIn = [rung('receive-only', 1, 1), rung('permissive', 1, 1), rung('enforce', 1, 1)];
  return [{}, ...broughtIn, ...change(1, 2), ...change(2, 3)];
}

export function secretsOf(signing: Signing | undefined): Secrets {
  if (signing === undefined) return {};
  const secrets = signing.ladder[signing.rung]!;
  return signing.stranger ? otherSecrets(secrets, 'e') : secrets;
}

/** The same settings with what one who is not let in would try; `digit`: what he makes them of. */
export function otherSecrets({ hmac, password }: Secrets, digit: string): Secrets {
  const other = (secret: string) => secret.replaceAll(/./g, digit);
  return {
    ...(password === undefined ? {} : { password: other(password) }),
    ...(hmac && {
      hmac: { ...hmac, keys: hmac.keys.map(({ id, secret }) => ({ id, secret: other(secret) })) },
    }),
  };
}

/** How far clocks may be apart without anything being dropped; undefined = they do not matter. */
export function windowMs(signing: Signing | undefined): number | undefined {
  const timed = signing?.ladder.find(({ hmac }) => hmac?.antiReplay === 'time')?.hmac;
  return timed && timed.windowSeconds * 1000;
}
