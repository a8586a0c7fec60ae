// Writes what the flight recorder kept, in the balancer: nothing waits for it, and nothing depends on it.
// Where it cannot be written the director goes on without, and says so once.
import { setTimeout as wait } from 'node:timers/promises';
import type { Recording } from '../console/recording.ts';
import { writeRecording } from '../console/recording-files.ts';
import type { Notice } from '../core/events.ts';
import { Trouble } from './trouble.ts';

/** A file system that does not answer must not keep a director from ending. */
const SETTLE_LIMIT_MS = 1_000;
/** One that is slow must not make them pile up in memory. */
const WAITING_MAX = 2;

export class RecordingKeeper {
  readonly #say: (notice: Notice) => void;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  readonly #trouble = new Trouble();

  constructor(say: (notice: Notice) => void) {
    this.#say = say;
  }

  /** `most`: how many may be in the directory; 0 = none is written. */
  keep(recording: Recording, directory: string, most: number): void {
    if (most === 0 || this.#waiting === WAITING_MAX) return;
    this.#waiting++;
    this.#last = this.#last.then(async () => {
      await this.#write(recording, directory, most);
      this.#waiting--;
    });
  }

  /** Resolves when what was to be kept is written, or soon. */
  async settled(): Promise<void> {
    await Promise.race([this.#last, wait(SETTLE_LIMIT_MS, undefined, { ref: false })]);
  }

  async #write(recording: Recording, directory: string, most: number): Promise<void> {
    const { because } = recording;
    try {
      const files = await writeRecording(directory, recording, most);
      this.#trouble.over();
      const message = `flight recorder written to ${files.json} (${because.join('; ')})`;
      this.#say({ event: 'recording.written', message, fields: { ...files, because } });
    } catch (error) {
      const news = this.#trouble.news(error);
      if (news === undefined) return;
      const message = `the flight recorder is not written: ${news.reason}`;
      this.#say({ event: 'recording.failed', message, fields: { directory, ...news } });
    }
  }
}
