// Somebody on the link who hears all adverts and sends what he likes, but has no key. Whatever he does, the
// directors of a signed world go on as if he were not there.
import { createAuthenticator } from '../../src/vrrp/auth.ts';
import { signed } from '../../src/vrrp/authenticate.ts';
import { familyOfRouter } from '../../src/vrrp/family.ts';
import { type Instance, type Parcel, parcels } from '../../src/vrrp/instance.ts';
import type { Hearing } from './hearing.ts';
import { KeepalivedLike } from './keepalived-like.ts';
import { addressesOf, type Node } from './node.ts';
import { otherSecrets } from './secrets.ts';
import type { World } from './world.ts';

/** `signs`: with a key that he made up. */
export type Forgery = { priority: number; signs: boolean };

export class Outsider {
  readonly #world: World;
  readonly #hearing: Hearing;

  constructor(world: World, hearing: Hearing) {
    this.#world = world;
    this.#hearing = hearing;
  }

  /** All that `name` has heard and must not believe again. */
  replay(name: string): void {
    for (const heard of this.#hearing.replayable(this.#world.node(name))) this.#world.inject(name, heard);
  }

  /** To each virtual router of `name` an advert as if `as` had sent it. */
  forge(name: string, as: string, forgery: Forgery): void {
    const { nowMs } = this.#world;
    const { director } = this.#world.node(name);
    if (director === undefined || director instanceof KeepalivedLike) return;
    const from = this.#world.node(as);
    const sent = { from, own: undefined, life: this, serial: 0, atMs: nowMs, forged: true } as const;
    for (const instance of director.instances.values()) {
      const device = instance.own.interface;
      for (const { packet: bytes } of forged(instance, from, forgery, this.#world.utcOf(name)))
        this.#world.inject(name, { device, bytes, sent });
    }
  }
}

/** Nothing where it would be believed: by who asks for no signature. */
function forged({ own, source }: Instance, from: Node, forgery: Forgery, wallMs: number): readonly Parcel[] {
  const { hmac, password, ...bare } = own;
  const isAsked =
    password !== undefined || (hmac !== undefined && (forgery.signs || hmac.mode === 'enforce'));
  if (!isAsked || source === undefined) return [];
  const unicastPeers = own.unicastPeers.length > 0 ? [source] : [];
  const guessed = otherSecrets(
    { ...(hmac && { hmac: { ...hmac, mode: 'enforce' } }), ...(password && { password }) },
    'f',
  );
  const secrets = forgery.signs ? guessed : {};
  const theirs = addressesOf(from, own.interface)[familyOfRouter(own) === 4 ? 0 : 1]!;
  const auth = secrets.hmac && createAuthenticator(secrets.hmac);
  return signed(auth, parcels({ ...bare, ...secrets, unicastPeers }, theirs, forgery.priority), wallMs);
}
