// Choices made with a seeded generator: the same seed makes the same choices.
import { type Random, seededRandom } from '../../src/core/time.ts';

export class Draw {
  readonly #random: Random;

  /** The choices for input `index` of a run; none depends on another input's. */
  constructor(seed: number, index: number) {
    this.#random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ index);
  }

  /** 0 to `below` - 1. */
  integer(below: number): number {
    return Math.floor(this.#random() * below);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.integer(from.length)]!;
  }

  /** Several, short ones more often than long ones. */
  many<T>(most: number, make: () => T): T[] {
    const length = this.integer(1 + this.integer(most + 1));
    return Array.from({ length }, make);
  }

  weighted<T>(choices: readonly { weight: number; value: T }[]): T {
    let left = this.#random() * choices.reduce((sum, { weight }) => sum + weight, 0);
    for (const { weight, value } of choices) {
      left -= weight;
      if (left < 0) return value;
    }
    return choices.at(-1)!.value;
  }
}
