// The published catalogue of metrics is the one in the source.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderMetrics } from '../../../tools/metrics.ts';

test('docs/metrics.md is current (else: npm run fix)', () => {
  expect(readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')).toBe(renderMetrics());
});
