// In which block a word would be known: for the hint about a word in the wrong place. Built when the first is
// found.
import { type Block, knownWords } from './block.ts';
import { TOP } from './top.ts';

let index: ReadonlyMap<string, string> | undefined;

/** Names of the blocks, outermost first; undefined when no block knows the word. */
export function whereKnown(word: string): string | undefined {
  index ??= buildIndex();
  return index.get(word);
}

function buildIndex(): ReadonlyMap<string, string> {
  const found = new Map<string, Set<string>>();
  const visit = (block: Block, seen: readonly Block[]) => {
    for (const [word, keyword] of knownWords(block)) {
      let homes = found.get(word);
      if (homes === undefined) {
        homes = new Set();
        found.set(word, homes);
      }
      homes.add(block.name);
      if (keyword.block !== undefined && !seen.includes(keyword.block))
        visit(keyword.block, [...seen, keyword.block]);
    }
  };
  visit(TOP, [TOP]);
  return new Map([...found].map(([word, homes]) => [word, [...homes].slice(0, 3).join(' or ')]));
}
