// What of a block's words is in the file, under other names.
import type { Located } from '../../core/diagnostic.ts';
import type { Block } from '../schema/block.ts';
import type { ValueOf } from '../schema/shape.ts';
import { last, type Settings } from '../settings.ts';

type Given<B extends Block, W> = {
  [N in keyof W]?: W[N] extends keyof B['keywords'] ? Located<ValueOf<B['keywords'][W[N]]['takes']>> : never;
};

/** `words`: by the name that each gets. What is not in the file is absent; of what is, the last counts. */
export function given<B extends Block, const W extends Readonly<Record<string, keyof B['keywords']>>>(
  settings: Settings<B>,
  words: W,
): Given<B, W> {
  const found = Object.entries(words).flatMap(([name, word]) => {
    const value = last(settings, word);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(found) as Given<B, W>;
}
