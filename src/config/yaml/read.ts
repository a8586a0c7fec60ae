// A YAML text as statements, one by one; `include` is the caller's.
import type { Span } from '../../core/diagnostic.ts';
import type { Report } from '../report.ts';
import type { Block } from '../schema/block.ts';
import type { Statement } from '../tree.ts';
import { parseYaml, type YamlLibrary, type YamlNode } from './nodes.ts';
import { StatementReader } from './statements.ts';
import { WordReader } from './words.ts';

/** Aliases may make a file this much larger, and a small one by this many nodes. */
const MOST_GROWTH = 20;
const MOST_ADDED = 100_000;

export type YamlSink = {
  take: (statement: Statement) => void;
  include: (pattern: string, at: Span) => void;
};

/** Several documents are read as one. */
export function readYaml(
  library: YamlLibrary,
  source: { source: number; text: string },
  block: Block,
  report: Report,
  { take, include }: YamlSink,
): void {
  const { documents, nodes } = parseYaml(library, source, report);
  const words = new WordReader(source.text, report);
  const reader = new StatementReader(words, MOST_ADDED + MOST_GROWTH * nodes, report);
  for (const document of documents) {
    for (const pair of reader.pairs(document, block)) {
      const { key, value } = pair;
      if (key.kind === 'scalar' && key.text === 'include') includeEach(value, include, report);
      else for (const statement of reader.statements(pair, block)) take(statement);
    }
  }
}

function includeEach(value: YamlNode, include: YamlSink['include'], report: Report): void {
  for (const item of value.kind === 'sequence' ? value.items : [value]) {
    if (item.kind === 'scalar' && item.text !== '') include(item.text, item.at);
    else
      report.add('CFG_YAML', item.at, 'include takes the name of a file, a pattern, or a sequence of them');
  }
}
