// Texts as they may be shown: passwords and keys overwritten, every other character where it was.
import type { Source, Span } from '../core/diagnostic.ts';

/** Nothing that means anything in either form. */
const COVER = '•';

export function maskSecrets(sources: readonly Source[], secrets: readonly Span[]): readonly Source[] {
  if (secrets.length === 0) return sources;
  return sources.map((source, i) => {
    const { text } = source;
    let shown = '';
    let from = 0;
    const own = secrets.filter(({ source: of }) => of === i).sort((a, b) => a.start - b.start);
    for (const { start, end } of own) {
      if (end <= from) continue;
      const first = Math.max(start, from);
      shown += text.slice(from, first) + COVER.repeat(end - first);
      from = end;
    }
    return { ...source, text: shown + text.slice(from) };
  });
}
