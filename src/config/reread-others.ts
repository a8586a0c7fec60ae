// The second best of rereading: other blocks changed, too, as where a service comes with its virtual address.
// They are read in full, and so is every virtual server but those whose lines are found again in their order.
// Between these the text falls into parts, and each has to hold whole statements, as if it were a file.
import type { Source } from '../core/diagnostic.ts';
import { carriesOver, distinctScripts, type Former, globalsOf, isSimple, type Reread } from './former.ts';
import type { Place } from './gather.ts';
import { isLineStart, lineEnd, lineStart, ownText } from './lines.ts';
import type { VirtualServer } from './model-services.ts';
import { type ReadOptions, readParts } from './read.ts';

/** Each that is not found again is looked for in all that follows. */
const MOST_MISSED = 32;
const BLANK = /^[\t-\r ]*$/;

/** Undefined: it has to be read in full. */
export function rereadOthers(former: Former, source: Source, options: ReadOptions): Reread | undefined {
  const { compat } = former;
  if (carriesOver(source.text)) return undefined;
  const found = foundAgain(former, source.text);
  if (found === undefined || found.length === 0) return undefined;
  const parts = partsBetween(found, source.text);
  const read = readParts(
    parts.map(({ text }) => ({ name: source.name, text: ownText(text) })),
    { ...options, compat },
    {
      weave: (places) => woven(found, parts, places).flatMap(({ service }) => service ?? []),
      scripts: former.scripts,
    },
  );
  if (read === undefined) return undefined;
  const { configuration, settings, mentions, places } = read;
  if ((options.compat || configuration.director.compat.value) !== compat) return undefined;
  // Places are compared, and those of several parts cannot be.
  const others = places.filter(({ service }) => service === undefined);
  if (new Set(others.map((place) => place.source)).size > 1) return undefined;
  const all = woven(found, parts, places);
  const statements = {
    starts: all.map(({ start }) => start),
    ends: all.map(({ end }) => end),
    made: all.map(({ service }) => service),
  };
  const scripts = distinctScripts(mentions.scripts);
  const globals = globalsOf(settings);
  return { configuration, former: { ...former, source, configuration, statements, scripts, globals } };
}

/** `from`, `to`: its lines in the new text; `start`, `end`: itself. */
type Found = { from: number; to: number; start: number; end: number; service: VirtualServer };

function foundAgain({ source, statements }: Former, text: string): Found[] | undefined {
  const { starts, ends, made } = statements;
  const old = source.text;
  const found: Found[] = [];
  let at = 0;
  let missed = 0;
  for (const [index, service] of made.entries()) {
    if (!isSimple(service)) continue;
    const [start, end] = [starts[index]!, ends[index]!];
    const [first, past] = [lineStart(old, start), lineEnd(old, end)];
    const isAlone = (ends[index - 1] ?? 0) <= first && (starts[index + 1] ?? past) >= past;
    const from = isAlone && Number.isFinite(past) ? text.indexOf(old.slice(first, past), at) : -1;
    if (from === -1 || !isLineStart(text, from)) {
      if (++missed > MOST_MISSED) return undefined;
      continue;
    }
    at = from + past - first;
    const moved = from - first;
    found.push({ from, to: at, start: start + moved, end: end + moved, service });
  }
  return found;
}

/** `before`: which of those that are found again follows. */
type Part = { text: string; from: number; before: number };

function partsBetween(found: readonly Found[], text: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const [before, { from, to }] of [...found, { from: text.length, to: text.length }].entries()) {
    const between = text.slice(at, from);
    if (!BLANK.test(between)) parts.push({ text: between, from: at, before });
    at = to;
  }
  return parts;
}

type Statement = { start: number; end: number; service: VirtualServer | undefined };

/** All statements of the text in their order. */
function woven(found: readonly Found[], parts: readonly Part[], places: readonly Place[]): Statement[] {
  const all: Statement[] = [];
  let next = 0;
  const upTo = (limit: number) => {
    for (; next < limit; next++) all.push(found[next]!);
  };
  for (const { source, start, end, service } of places) {
    const { from, before } = parts[source]!;
    upTo(before);
    all.push({ start: start + from, end: end + from, service: service?.composed });
  }
  upTo(found.length);
  return all;
}
