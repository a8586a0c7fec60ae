// Keeps something listening where the file says: the control socket, the metrics. Nothing depends on it:
// where it cannot be the director goes on without, says so once, and tries again.
import { isDeepStrictEqual } from 'node:util';
import type { EventName, Notice } from '../core/events.ts';
import { Trouble } from './trouble.ts';

const RETRY_MS = 5_000;

type Listener = { close(): Promise<void> };
export type ListenerKind<Place> = {
  open: (place: Place) => Promise<Listener>;
  /** What is said, with the place in `fields`. */
  events: { listening: EventName; failed: EventName };
  wording: (place: Place) => { listening: string; failed: string; fields: Readonly<Record<string, unknown>> };
};

export class ListenerKeeper<Place> {
  readonly #kind: ListenerKind<Place>;
  readonly #say: (notice: Notice) => void;
  #place: Place | undefined;
  #listener: Listener | undefined;
  #retry: NodeJS.Timeout | undefined;
  readonly #trouble = new Trouble();
  #last: Promise<void> = Promise.resolve();

  constructor(kind: ListenerKind<Place>, say: (notice: Notice) => void) {
    this.#kind = kind;
    this.#say = say;
  }

  /** In the background; undefined = nowhere. */
  keep(place: Place | undefined): void {
    this.#last = this.#last.then(() => this.#keep(place));
  }

  /** Resolves when nothing listens any more. */
  async close(): Promise<void> {
    this.keep(undefined);
    await this.#last;
  }

  /** Where it is to be by then. */
  #again(): void {
    this.#last = this.#last.then(() => this.#keep(this.#place));
  }

  async #keep(place: Place | undefined): Promise<void> {
    clearTimeout(this.#retry);
    if (this.#listener !== undefined && isDeepStrictEqual(place, this.#place)) return;
    await this.#listener?.close();
    this.#listener = undefined;
    this.#place = place;
    if (place === undefined) return;
    const { open, events, wording } = this.#kind;
    const { listening, failed, fields } = wording(place);
    try {
      this.#listener = await open(place);
      this.#trouble.over();
      this.#say({ event: events.listening, message: listening, fields });
    } catch (error) {
      this.#retry = setTimeout(() => this.#again(), RETRY_MS);
      this.#retry.unref();
      const news = this.#trouble.news(error);
      if (news === undefined) return;
      const message = `${failed}: ${news.reason}`;
      this.#say({ event: events.failed, message, fields: { ...fields, ...news } });
    }
  }
}
