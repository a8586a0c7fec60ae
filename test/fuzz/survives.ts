// What holds for every text whatsoever: it becomes a model and diagnostics, every place is inside its text,
// every diagnostic can be shown. Throws where it does not hold.
import assert from 'node:assert/strict';
import { type ReadOptions, readConfiguration } from '../../src/config/read.ts';
import { recordDiagnostics, renderDiagnostics } from '../../src/config/render.ts';
import type { Span } from '../../src/core/diagnostic.ts';

export function survives(text: string, options: ReadOptions = {}, name = 'x'): void {
  const { configuration, diagnostics, sources } = readConfiguration([{ name, text }], options);
  const inside = ({ source, start, end }: Span) =>
    source >= 0 &&
    source < sources.length &&
    start >= 0 &&
    start <= end &&
    end <= sources[source]!.text.length;
  assert.deepEqual(
    diagnostics
      .flatMap(({ at, related = [] }) => [at, ...related.map((other) => other.at)])
      .filter((at) => !inside(at)),
    [],
    'diagnostics outside of the text',
  );
  assert.deepEqual(
    places(configuration).filter((at) => !inside(at)),
    [],
    'values from outside of the text',
  );
  const rendered = renderDiagnostics(sources, diagnostics).split(' [CFG_').length - 1;
  assert.ok(rendered >= diagnostics.length, `${rendered} of ${diagnostics.length} diagnostics rendered`);
  assert.equal(recordDiagnostics(sources, diagnostics).length, diagnostics.length);
}

function places(value: unknown): Span[] {
  if (Array.isArray(value)) return value.flatMap(places);
  if (typeof value !== 'object' || value === null) return [];
  const own = 'at' in value ? [value.at as Span] : [];
  return [...own, ...Object.entries(value).flatMap(([name, inner]) => (name === 'at' ? [] : places(inner)))];
}
