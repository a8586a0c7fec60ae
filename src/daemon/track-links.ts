// Asks each second whether the interfaces that are polled have a link (keepalived's linkbeat), and tells what
// changes. Lives in the balancer process: a driver may take its time to answer.
import type { Notice } from '../core/events.ts';
import type { LinkTarget } from '../director/links.ts';
import { LinkProbes, type LinkState } from '../linux/trackers/link-state.ts';
import type { TrackerId, Verdict } from '../vrrp/settings.ts';

const ASK_EACH_MS = 1000;
const WAYS = ['MII', 'ETHTOOL', 'IOCTL'] as const;
type Way = (typeof WAYS)[number];
type Polled = { target: LinkTarget; way?: Way; state?: LinkState };

type Edges = {
  tell: (tracker: TrackerId, verdict: Verdict) => void;
  say: (notice: Notice) => void;
};

export class TrackLinks {
  readonly #edges: Edges;
  readonly #polled = new Map<string, Polled>();
  #probes: LinkProbes | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(edges: Edges) {
    this.#edges = edges;
  }

  /** Has told the state of each when it returns. */
  configure(targets: readonly LinkTarget[]): void {
    const kept = new Map(this.#polled);
    this.#polled.clear();
    for (const target of targets) {
      const before = kept.get(target.name);
      this.#polled.set(target.name, before?.target.by === target.by && before ? before : { target });
    }
    clearInterval(this.#timer);
    if (targets.length === 0) return this.#close();
    this.#probes ??= new LinkProbes();
    this.#ask(this.#probes);
    const probes = this.#probes;
    this.#timer = setInterval(() => this.#ask(probes), ASK_EACH_MS);
  }

  stop(): void {
    this.configure([]);
  }

  #ask(probes: LinkProbes): void {
    for (const polled of this.#polled.values()) {
      const state = this.#stateOf(polled, probes);
      // rtnetlink tells when an interface is gone, and when there is another one of its name.
      if (state === undefined || state === polled.state) continue;
      if (polled.state !== undefined || state === 'down') this.#sayChange(polled.target.name, state);
      polled.state = state;
      this.#edges.tell({ kind: 'link', name: polled.target.name }, state);
    }
  }

  #stateOf(polled: Polled, probes: LinkProbes): LinkState | undefined {
    const { name, by } = polled.target;
    const known = polled.way === undefined ? undefined : probes[polled.way](name);
    if (known !== undefined) return known;
    for (const way of by === undefined ? WAYS : [by, ...WAYS]) {
      const state = probes[way](name);
      if (state === undefined) continue;
      if (by !== undefined && way !== by && way !== polled.way) this.#sayOther(name, by, way);
      polled.way = way;
      return state;
    }
    delete polled.way;
    return undefined;
  }

  /** keepalived's wording. */
  #sayChange(name: string, state: LinkState): void {
    const fields = { kind: 'link', name, verdict: state };
    this.#edges.say({ event: 'tracker.changed', message: `Linkbeat reports ${name} ${state}`, fields });
  }

  #sayOther(name: string, by: Way, way: Way): void {
    const message = `(${name}): Configured linkbeat type ${by} not supported, using ${way}`;
    this.#edges.say({ event: 'tracker.failed', message, fields: { kind: 'link', name, by, way } });
  }

  #close(): void {
    this.#probes?.close();
    this.#probes = undefined;
  }
}
