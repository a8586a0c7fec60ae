// Which of two settings counts: the one that comes later.
import type { Span } from '../../core/diagnostic.ts';

export function isAfter(a: Span, b: Span): boolean {
  return a.source === b.source ? a.start > b.start : a.source > b.source;
}
