// The published catalogue of events is the one in the source.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderEvents } from '../../tools/events.ts';

test('docs/events.md is current (else: npm run fix)', () => {
  expect(readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8')).toBe(renderEvents());
});
