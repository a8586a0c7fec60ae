// How often a table that somebody else changes is put back: at once, but not for ever in a fight.

const MOST = 5;
const WITHIN_MS = 10_000;

export class Repairs {
  #recentMs: number[] = [];
  #hasSaid = false;
  /** All there ever were. */
  count = 0;

  /** May it be put back now? Then that counts. */
  allow(nowMs: number): boolean {
    this.#recentMs = this.#recentMs.filter((atMs) => nowMs - atMs < WITHIN_MS);
    if (this.#recentMs.length >= MOST) return false;
    this.#recentMs.push(nowMs);
    this.#hasSaid = false;
    this.count++;
    return true;
  }

  /** True once a fight: that it is not put back is worth saying. */
  isNews(): boolean {
    const isNews = !this.#hasSaid;
    this.#hasSaid = true;
    return isNews;
  }
}
