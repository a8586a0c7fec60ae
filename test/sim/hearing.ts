// Whose adverts count, in any simulated world: those of everybody who has the same keys, in order, each once,
// in time. Reckons from who sent what and when, not from the bytes; what happened in between is unknown, and
// then nothing is promised.
import type { HmacSettings } from '../../src/vrrp/auth.ts';
import type { Instance } from '../../src/vrrp/instance.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { type Heard, instanceNamed, lifeOf, type Node, routerOf, type Sent } from './node.ts';
import type { World } from './world.ts';

export type Verdict = 'counts' | 'may count' | 'must not count';
/** Of what was lost, late or played again: so many of the last ones are kept for each. */
const TAPE = 60;
/** Nobody is back sooner; what its first life sent last and its second sends first may bear one time. */
const REBIRTH_MS = 1;
/** Windows are counted in whole seconds of either clock. */
const WHOLE_MS = 1000;

export class Hearing {
  readonly #world: World;
  readonly #fail: (what: string) => never;
  /** The last that counted: of each sender, for each life of who heard it. */
  readonly #last = new WeakMap<object, Map<Node, Sent>>();
  readonly #tapes = new Map<Node, Heard[]>();

  constructor(world: World, fail: (what: string) => never) {
    this.#world = world;
    this.#fail = fail;
  }

  /** Nothing of what is played again here can count a second time. */
  replayable(node: Node): Heard[] {
    const tape = this.#tapes.get(node) ?? [];
    return tape.filter((heard) => this.verdict(node, heard) === 'must not count');
  }

  verdict(node: Node, heard: Heard): Verdict {
    const { sent } = heard;
    if (sent.forged) return 'must not count';
    const instance = routerOf(node, heard);
    return instance === undefined ? 'counts' : this.#verdictOf(node, instance, sent);
  }

  #verdictOf(node: Node, instance: Instance, sent: Sent): Verdict {
    if (node.spec.signing === undefined) return 'counts';
    const { hmac, password } = instance.own;
    if (sent.own?.password !== password) return 'must not count';
    const trust = trusts(hmac, sent.own);
    if (trust !== 'signed') return trust;
    const last = this.#last.get(lifeOf(node, instance))?.get(sent.from);
    return this.#isInOrder(node, sent, last, hmac!);
  }

  /** Whether an advert that `from` sends of that name now would count. */
  promises(node: Node, from: Node, name: string): boolean {
    const [instance, sender] = [node, from].map((one) => instanceNamed(one, name));
    if (instance === undefined || sender === undefined) return true;
    const { nowMs: atMs } = this.#world;
    const life = lifeOf(from, sender);
    const next = { from, own: sender.own, life, serial: Number.POSITIVE_INFINITY, atMs };
    return this.#verdictOf(node, instance, next) === 'counts';
  }

  /** Before it is heard; what it returns looks whether it was heard as it should be. */
  hear(node: Node, heard: Heard): { verdict: Verdict; lookAfterwards: () => void } {
    const verdict = this.verdict(node, heard);
    const instance = routerOf(node, heard);
    if (instance === undefined) return { verdict, lookAfterwards: () => {} };
    if (node.spec.signing) this.#record(node, heard);
    const isOut = instance.router.state === 'INIT' || instance.router.state === 'FAULT';
    const before = instance.counters.advertsReceived ?? 0;
    const lookAfterwards = () => {
      const counted = (instance.counters.advertsReceived ?? 0) > before;
      if (counted && verdict === 'must not count') this.#complain(node, heard, instance.own, 'believes');
      if (!counted && verdict === 'counts' && !isOut) this.#complain(node, heard, instance.own, 'drops');
      // Without a signature it says nothing of its place in the order.
      if (!counted || !isSigned(heard.sent.own)) return;
      const life = lifeOf(node, instance);
      const last = this.#last.get(life) ?? new Map<Node, Sent>();
      this.#last.set(life, last.set(heard.sent.from, heard.sent));
    };
    return { verdict, lookAfterwards };
  }

  #isInOrder(
    node: Node,
    sent: Sent,
    last: Sent | undefined,
    { mode, antiReplay, windowSeconds }: HmacSettings,
  ): Verdict {
    const { nowMs, clockSetAtMs } = this.#world;
    const windowMs = windowSeconds * 1000;
    const isTimed = antiReplay === 'time';
    // What a clock said before it was set is forgotten by then.
    const forgottenMs = isTimed ? clockSetAtMs + 2 * windowMs : Number.POSITIVE_INFINITY;
    const isSettled = clockSetAtMs === Number.NEGATIVE_INFINITY || sent.atMs > forgottenMs;
    if (isTimed) {
      if (!isSettled) return 'may count';
      const offMs = Math.abs(nowMs + node.clockMs - (sent.atMs + sent.from.clockMs));
      if (offMs > windowMs + WHOLE_MS) return 'must not count';
      if (offMs > windowMs - WHOLE_MS) return 'may count';
    }
    if (last === undefined) return 'counts';
    // Of one that stood still: it heard what a clock said before it was set only afterwards.
    if (isTimed && last.atMs <= clockSetAtMs && sent.atMs > clockSetAtMs) return 'may count';
    if (sent.life !== last.life && sent.atMs - last.atMs < REBIRTH_MS) return 'may count';
    // Where unsigned ones count, nobody is kept out by a clock that is behind.
    if (mode !== 'enforce')
      return sent.serial > last.serial || sent.life !== last.life ? 'counts' : 'may count';
    // A life that begins goes by its clock.
    if (!isSettled && last.life !== sent.life) return 'may count';
    return sent.serial > last.serial ? 'counts' : 'must not count';
  }

  #record(node: Node, heard: Heard): void {
    const tape = this.#tapes.get(node) ?? [];
    if (heard.sent.forged || tape.includes(heard)) return;
    tape.push(heard);
    if (tape.length > TAPE) tape.shift();
    this.#tapes.set(node, tape);
  }
  #complain(node: Node, { sent }: Heard, own: InstanceSettings, what: string): never {
    const whose = `${sent.forged ? 'forged ' : ''}advert of ${sent.from.spec.name}`;
    this.#fail(`${own.name}: ${node.spec.name} ${what} the ${whose}, sent at ${sent.atMs.toFixed(1)}`);
  }
}

function trusts(hmac: HmacSettings | undefined, sender: InstanceSettings | undefined): Verdict | 'signed' {
  const theirs = isSigned(sender) ? sender?.hmac : undefined;
  if (hmac === undefined) return theirs === undefined ? 'counts' : 'must not count';
  if (theirs === undefined) return hmac.mode === 'enforce' ? 'must not count' : 'counts';
  const secretOf = ({ keys }: HmacSettings) => keys.find(({ id }) => id === theirs.activeKey)?.secret;
  return secretOf(hmac) === secretOf(theirs) ? 'signed' : 'must not count';
}

function isSigned(sender: InstanceSettings | undefined): boolean {
  return sender?.hmac !== undefined && sender.hmac.mode !== 'receive-only';
}
