// Every place where a word is known, outermost first: for what is made of the whole schema, as the JSON
// Schema, `check --explain` and the documentation are.
import { type Block, type Keyword, knownWords } from './block.ts';

export type Place = {
  word: string;
  keyword: Keyword;
  /** The block that knows it, and the words that open that block, outermost first. */
  block: Block;
  path: readonly string[];
};

/** A block that stands in two others is visited twice: its words have two places. */
export function places(block: Block, path: readonly string[] = []): Place[] {
  return [...knownWords(block)].flatMap(([word, keyword]) => [
    { word, keyword, block, path },
    ...(keyword.block === undefined ? [] : places(keyword.block, [...path, word])),
  ]);
}
