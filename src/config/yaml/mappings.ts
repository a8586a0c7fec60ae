// The pairs of a YAML mapping, with `<<` carried out and repeated keys refused, and a limit to what aliases
// may multiply.
import type { Report } from '../report.ts';
import type { YamlMapping, YamlNode, YamlPair } from './nodes.ts';

export class Mappings {
  readonly #report: Report;
  #left: number;

  constructor(most: number, report: Report) {
    this.#report = report;
    this.#left = most;
  }

  /** Whether there is still room for a node; aliases of aliases otherwise take all memory there is. */
  enter({ at }: YamlNode): boolean {
    this.#left -= 1;
    if (this.#left === -1)
      this.#report.add('CFG_YAML', at, 'this grows without end: aliases repeat what contains aliases');
    return this.#left >= 0;
  }

  /** Own keys win over those merged; of the merged ones the first. */
  pairs(mapping: YamlMapping): readonly YamlPair[] {
    const own = mapping.pairs.filter((pair) => this.enter(pair.value) && !isMerge(pair));
    const seen = new Set<string>();
    const kept = own.filter(({ key }) => {
      if (key.kind !== 'scalar') return true;
      if (!seen.has(key.text)) return seen.add(key.text);
      const hint = 'what may be there more than once is a sequence';
      this.#report.add('CFG_DUPLICATE', key.at, `the key \`${key.text}\` is there already`, hint);
      return false;
    });
    const merged = mapping.pairs.filter(isMerge).flatMap(({ value }) => this.#merged(value));
    const added = merged.filter(
      ({ key }) => key.kind === 'scalar' && !seen.has(key.text) && seen.add(key.text),
    );
    return added.length === 0 ? kept : [...added, ...kept];
  }

  #merged(value: YamlNode): readonly YamlPair[] {
    const sources = value.kind === 'sequence' ? value.items : [value];
    return sources.flatMap((source) => {
      if (!this.enter(source)) return [];
      if (source.kind === 'mapping') return this.pairs(source);
      this.#report.add(
        'CFG_YAML',
        source.at,
        '`<<` takes a mapping, or a sequence of them',
        'as in `<<: *NAME`',
      );
      return [];
    });
  }
}

function isMerge({ key }: YamlPair): boolean {
  return key.kind === 'scalar' && key.text === '<<' && key.textStart === key.at.start;
}
