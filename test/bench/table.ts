// Rows as a table for a terminal: figures to the right, words to the left.
import type { Row } from './row.ts';

const HEAD = ['', 'ours', 'theirs', 'unit', 'ratio', 'wanted'];
const FIGURES = new Set([1, 2, 4]);

export function renderTable(rows: readonly Row[]): string {
  const cells = [
    HEAD,
    ...rows.map(({ name, ours, theirs, unit, ratio, bound }) => [
      name,
      String(ours),
      String(theirs ?? '–'),
      unit,
      ratio === undefined ? '–' : `${ratio}×`,
      bound ?? '',
    ]),
  ];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  return cells
    .map((line) =>
      line
        .map((text, column) => pad(text, widths[column]!, FIGURES.has(column)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function pad(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width);
}
