// One elector without anybody: settings, links, packets and time are what a test says, and what comes of them
// is what it looks at.
import { type Address, address } from '../../src/core/address.ts';
import type { Notice } from '../../src/core/events.ts';
import { createElector, type Input, nextDeadlineMs, stepElector } from '../../src/vrrp/elector.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import { type Advert, type ChecksumForm, decodeAdvert, encodeAdvert } from '../../src/vrrp/packet.ts';
import type { ElectorSettings, InstanceSettings } from '../../src/vrrp/settings.ts';
import { instanceSettings, LINK, VIP } from '../sim/world.ts';

export const OURS = address('10.0.0.11');
export const THEIRS = address('10.0.0.12');
export const GROUP = address('224.0.0.18');
export const THEIR_ADVERT: Advert = {
  version: 3,
  vrid: 51,
  priority: 200,
  intervalMs: 1000,
  addresses: [VIP],
  source: THEIRS,
  destination: GROUP,
  ttl: 255,
};

export class Lone {
  readonly elector = createElector();
  nowMs: number;

  constructor(nowMs = 1000) {
    this.nowMs = nowMs;
    this.link([OURS]);
  }
  feed(input: Input): Action[] {
    return stepElector(this.elector, input, this.nowMs);
  }
  link(addresses: Address[], up = true): Action[] {
    return this.feed({ type: 'link', interface: LINK, link: { up, addresses } });
  }
  configure(own: Partial<InstanceSettings>[] = [{}], more: Partial<ElectorSettings> = {}): Action[] {
    const instances = own.map((one) => instanceSettings(one));
    const rest = { realtimePriority: 0, leaseSeconds: 0, addresses: 'kernel' as const };
    const settings: ElectorSettings = { instances, ...rest, ...more };
    return this.feed({ type: 'command', command: { type: 'configure', settings } });
  }
  hear(advert: Partial<Advert> = {}, form: ChecksumForm = 'pseudo-header'): Action[] {
    const bytes = encodeAdvert({ ...THEIR_ADVERT, ...advert }, form);
    return this.feed({ type: 'packet', interface: LINK, bytes });
  }
  /** Time goes by, deadline for deadline. */
  pass(ms: number): Action[] {
    const untilMs = this.nowMs + ms;
    const actions: Action[] = [];
    for (let next = nextDeadlineMs(this.elector); next <= untilMs; next = nextDeadlineMs(this.elector)) {
      this.nowMs = next;
      actions.push(...this.feed({ type: 'wake' }));
    }
    this.nowMs = untilMs;
    return actions;
  }
  get states(): string[] {
    return [...this.elector.instances.values()].map(({ router }) => router.state);
  }
  get counters(): Record<string, unknown> {
    return Object.fromEntries([...this.elector.instances].map(([name, one]) => [name, one.counters]));
  }
}

export function noticesOf(actions: readonly Action[]): Notice[] {
  return actions.flatMap((action) =>
    action.do === 'report' && action.report.type === 'notice' ? [action.report.notice] : [],
  );
}
export function advertsIn(actions: readonly Action[]): Advert[] {
  return actions.flatMap((action) => {
    const decoded = action.do === 'send' ? decodeAdvert(action.packet) : undefined;
    return decoded?.ok ? [decoded.advert] : [];
  });
}
