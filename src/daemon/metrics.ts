// Metrics: keeps `web` open, and gathers what it tells when it is asked; the director's own part by a
// question to its process.
import type { DirectorBlock, WebPlace } from '../config/model.ts';
import { keepalivedSamples, type ScriptStatus } from '../console/metrics/keepalived-samples.ts';
import { ownSamples } from '../console/metrics/samples.ts';
import type { Page } from '../console/web-server.ts';
import { endpoint } from '../core/address.ts';
import type { EventName, Notice } from '../core/events.ts';
import type { DataPlane } from '../ipvs/plane.ts';
import type { InstanceSettings } from '../vrrp/settings.ts';
import { ListenerKeeper } from './listener-keeper.ts';
import type { DirectorFacts } from './messages.ts';
import type { StateReader } from './state-reader.ts';

/** A reload of thousands of services takes seconds, and the director's answer waits behind it. */
const ANSWER_LIMIT_MS = 8_000;

type Edges = {
  plane: DataPlane;
  state: StateReader;
  /** Asks the director for its facts; `told` is called with them. */
  ask: () => void;
  counts: () => ReadonlyMap<EventName, number>;
  instances: () => readonly InstanceSettings[];
  scripts: () => ScriptStatus[];
  say: (notice: Notice) => void;
};

export class Metrics {
  readonly #edges: Edges;
  #waiting: ((facts: DirectorFacts) => void)[] = [];
  #reload = { succeeded: true, succeededAtMs: Date.now() };
  #keepalivedNames = true;
  readonly #web: ListenerKeeper<WebPlace>;

  constructor(edges: Edges) {
    this.#edges = edges;
    this.#web = new ListenerKeeper(
      {
        open: async (place) => {
          // As for the control socket: it loads node:http.
          const { WebServer } = await import('../console/web-server.ts');
          return await WebServer.open(place, { '/metrics': () => this.#page() });
        },
        events: { listening: 'web.listening', failed: 'web.failed' },
        wording: ({ address, port }) => {
          const place = endpoint(address, port);
          const listening = `metrics are told at http://${place}/metrics`;
          return { listening, failed: `no metrics are told at ${place}`, fields: { place } };
        },
      },
      edges.say,
    );
  }

  configure({ web, keepalivedNames }: Pick<DirectorBlock, 'web' | 'keepalivedNames'>): void {
    this.#keepalivedNames = keepalivedNames.value;
    this.#web.keep(web?.value);
  }

  reloaded(succeeded: boolean): void {
    this.#reload = succeeded ? { succeeded, succeededAtMs: Date.now() } : { ...this.#reload, succeeded };
  }

  told(facts: DirectorFacts): void {
    for (const resolve of this.#waiting.splice(0)) resolve(facts);
  }

  close(): Promise<void> {
    return this.#web.close();
  }

  /** Rejects when the director does not answer. */
  async #page(): Promise<Page> {
    // Not before anybody asks: a balancer without metrics has no use for the library.
    const { contentType, processMetrics, renderSamples } = await import('../console/metrics/exposition.ts');
    const { plane, state, counts, instances, scripts } = this.#edges;
    const facts = await this.#facts();
    const document = await state.read(facts, []);
    const own = ownSamples(document, {
      startedAtMs: facts.startedAtMs,
      reload: this.#reload,
      events: { director: facts.events, balancer: counts() },
      engine: await plane.readStatistics?.(),
    });
    const theirs = this.#keepalivedNames ? keepalivedSamples(document.instances, instances(), scripts()) : [];
    const text = await renderSamples([...own, ...theirs]);
    return { contentType, text: `${text}${await processMetrics()}` };
  }

  #facts(): Promise<DirectorFacts> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error('the director does not answer')), ANSWER_LIMIT_MS);
      this.#waiting.push((facts) => {
        clearTimeout(limit);
        resolve(facts);
      });
      this.#edges.ask();
    });
  }
}
