// A scene that goes through several phases: each yields facts for the host's tests, and one that fails does
// not hide what the later ones find. The facts are printed as one line of JSON; nothing is judged here.
import { monotonicMs, stalledMs, watchForStalls } from './stalls.ts';

/** `stalledMs`: for how long of it the guest stood still. */
export type Phase<T> = ({ facts: T } | { error: string }) & { stalledMs: number };

export class Phases {
  readonly #results: Record<string, Phase<unknown>> = {};

  constructor() {
    watchForStalls();
  }

  async run(name: string, work: () => Promise<object>): Promise<void> {
    const fromMs = monotonicMs();
    const result = await work().then(
      (facts) => ({ facts }),
      (error) => ({ error: error instanceof Error ? error.message : String(error) }),
    );
    const toMs = monotonicMs();
    this.#results[name] = { ...result, stalledMs: stalledMs(fromMs, toMs) };
    console.error(`${name}: ${toMs - fromMs} ms`);
  }

  finish(): never {
    console.log(JSON.stringify(this.#results));
    process.exit(0);
  }
}
