// A text that differs from the one before in a few virtual servers only, read as the one before with those
// exchanged: with thousands of them a reload is due to one. What did not change stays the same object, by
// which whoever goes on with it sees that there is nothing to do.
//
// Theory of operation. A text is read line by line, and between two statements of the top level nothing is
// carried over, but by the means of expand.ts: where there are none of them, a stretch of whole lines that
// holds whole statements reads alone as it reads in its text. A `virtual_server` by an address or a mark is
// composed of itself alone, and no other block of it. So the stretch between the statements before and after
// the change is read, and those rules asked that a virtual server can break. Where other blocks changed as
// well, reread-others.ts does less: only virtual servers stay what they were. Wherever the outcome is not
// certainly that of a full reading the answer is undefined; also when there is anything to say, because what
// did not change still tells its places in the text before.
import type { Source } from '../core/diagnostic.ts';
import {
  carriesOver,
  distinctScripts,
  type Former,
  isSimple,
  type Reread,
  type Statements,
} from './former.ts';
import { type Gathered, gather } from './gather.ts';
import { isLineStart, lineEnd, lineStart, ownText } from './lines.ts';
import type { Configuration } from './model.ts';
import type { VirtualServer } from './model-services.ts';
import type { ReadOptions } from './read.ts';
import { Report } from './report.ts';
import { rereadOthers } from './reread-others.ts';
import { checkIdle } from './rules/addresses.ts';
import { checkVirtualServers, leaveOutRepeated } from './rules/configuration.ts';
import { checkScripts } from './rules/scripts.ts';

/** Compared at once. */
const STRIDE = 4_096;

/** Undefined: it has to be read in full. */
export function rereadConfiguration(
  former: Former,
  sources: readonly Source[],
  options: ReadOptions,
): Reread | undefined {
  const [source, ...others] = sources;
  if (source?.name !== former.source.name || others.length > 0) return undefined;
  if (former.configId !== options.configId) return undefined;
  const change = changeBetween(former, source.text);
  if (change === undefined) return rereadOthers(former, source, options);
  return rereadServices(former, source, change, options);
}

function rereadServices(
  former: Former,
  source: Source,
  change: Change,
  options: ReadOptions,
): Reread | undefined {
  const { compat, configuration: before } = former;
  if ((options.compat || before.director.compat.value) !== compat) return undefined;
  if (carriesOver(change.text)) return undefined;
  const report = new Report(compat);
  const gathered = gather([{ name: source.name, text: ownText(change.text) }], {}, [], report);
  const fresh = gathered.places.map(({ service }) => service?.composed);
  if (gathered.balances[0] !== 0 || !fresh.every(isSimple)) return undefined;
  const { first, after } = change;
  const { made } = former.statements;
  const all = [...made.slice(0, first), ...fresh, ...made.slice(after)];
  const configuration = { ...before, virtualServers: all.filter(isMade) };
  leaveOutRepeated({ ...configuration, virtualServers: near(fresh, configuration) }, report);
  checkVirtualServers(configuration, fresh, report);
  if (takesAway(made.slice(first, after), fresh) || before.virtualServers.length === 0)
    checkIdle(configuration, report);
  const scripts = distinctScripts([...former.scripts, ...gathered.mentions.scripts]);
  const { inspectScript } = options;
  if (inspectScript !== undefined) checkScripts(scripts, former.globals, inspectScript, report);
  if (report.sorted().length > 0) return undefined;
  const statements = exchanged(former, { ...change, grown: source.text.length }, gathered, all);
  return { configuration, former: { ...former, source, configuration, statements, scripts } };
}

/** Those that may have the same name as one of `fresh`, and these. */
function near(fresh: readonly VirtualServer[], { virtualServers }: Configuration): VirtualServer[] {
  const heads = new Set(fresh.map(headOf));
  return virtualServers.filter((one) => heads.has(headOf(one)));
}

function headOf({ selects }: VirtualServer): string | number {
  if (selects.by === 'address') return selects.address.value;
  return selects.by === 'mark' ? selects.mark.value : selects.group.value;
}

/** Only an address that is no more can leave an instance idle, be it a real server's: see there. */
function takesAway(removed: Statements['made'], fresh: readonly VirtualServer[]): boolean {
  const headsOf = (one: VirtualServer) => [
    headOf(one),
    ...one.realServers.map(({ address }) => address.value),
  ];
  const left = new Set(fresh.flatMap(headsOf));
  return removed.filter(isMade).some((one) => headsOf(one).some((head) => !left.has(head)));
}

function isMade(service: VirtualServer | undefined): service is VirtualServer {
  return service !== undefined;
}

/**
 * `text`: the lines that take the place of those of the statements from `first` to before `after`. `from`:
 * where they begin, in both texts.
 */
type Change = { text: string; from: number; first: number; after: number };

function changeBetween({ source, statements }: Former, text: string): Change | undefined {
  const old = source.text;
  const same = commonStart(old, text);
  const sameEnd = commonEnd(old, text, Math.min(old.length, text.length) - same);
  const { starts, ends, made } = statements;
  const count = starts.length;
  let first = 0;
  while (first < count && lineEnd(old, ends[first]!) <= same) first++;
  // What stands before that line in the new text may be anything: is it a line there, too?
  const isKept = (line: number) =>
    line >= old.length - sameEnd && isLineStart(text, line + text.length - old.length);
  let after = count;
  while (after > first && isKept(lineStart(old, starts[after - 1]!))) after--;
  const from = first === 0 ? 0 : lineEnd(old, ends[first - 1]!);
  const to = after === count ? old.length : lineStart(old, starts[after]!);
  // Lines that two statements share belong to neither.
  if (first < after && (starts[first]! < from || ends[after - 1]! > to)) return undefined;
  for (let each = first; each < after; each++) if (!isSimple(made[each])) return undefined;
  return { text: text.slice(from, text.length - (old.length - to)), from, first, after };
}

/** How many characters are the same from the start. */
function commonStart(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let at = 0;
  while (at + STRIDE <= most && one.slice(at, at + STRIDE) === other.slice(at, at + STRIDE)) at += STRIDE;
  while (at < most && one.charCodeAt(at) === other.charCodeAt(at)) at++;
  return at;
}

/** … and from the end, `most` at most. */
function commonEnd(one: string, other: string, most: number): number {
  const [a, b] = [one.length, other.length];
  let at = 0;
  while (at + STRIDE <= most && one.slice(a - at - STRIDE, a - at) === other.slice(b - at - STRIDE, b - at))
    at += STRIDE;
  while (at < most && one.charCodeAt(a - at - 1) === other.charCodeAt(b - at - 1)) at++;
  return at;
}

function exchanged(
  { source, statements }: Former,
  { from, first, after, grown }: Change & { grown: number },
  { places }: Gathered,
  made: Statements['made'],
): Statements {
  const moved = grown - source.text.length;
  const joined = (before: readonly number[], own: readonly number[]) => [
    ...before.slice(0, first),
    ...own.map((at) => at + from),
    ...before.slice(after).map((at) => at + moved),
  ];
  return {
    starts: joined(
      statements.starts,
      places.map(({ start }) => start),
    ),
    ends: joined(
      statements.ends,
      places.map(({ end }) => end),
    ),
    made,
  };
}
