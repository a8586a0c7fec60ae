// A scene that goes through several phases: each yields facts for the host's tests, and one that fails does
// not hide what the later ones find. The facts are printed as one line of JSON; nothing is judged here.

export type Phase<T> = { facts: T } | { error: string };

export class Phases {
  readonly #results: Record<string, Phase<unknown>> = {};

  async run(name: string, work: () => Promise<object>): Promise<void> {
    const startedAt = performance.now();
    try {
      this.#results[name] = { facts: await work() };
    } catch (error) {
      this.#results[name] = { error: error instanceof Error ? error.message : String(error) };
    }
    console.error(`${name}: ${Math.round(performance.now() - startedAt)} ms`);
  }

  finish(): never {
    console.log(JSON.stringify(this.#results));
    process.exit(0);
  }
}
