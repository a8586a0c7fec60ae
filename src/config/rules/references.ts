// Names that stand for something defined elsewhere in the file: tracked scripts, members of groups, checks of
// files and sessions. Which words name what, the schema says.
import type { Located, Span } from '../../core/diagnostic.ts';
import { tellsVrrp } from '../compose/bfd.ts';
import { nearest } from '../nearest.ts';
import type { Report } from '../report.ts';
import type { BFD_INSTANCE } from '../schema/bfd.ts';
import { type Block, knownWords } from '../schema/block.ts';
import type { Settings } from '../settings.ts';

type Values = Readonly<Record<string, readonly (Located<unknown> & { body?: Settings })[]>>;
/** `from`: the block that names it. */
type Reference = { name: string; at: Span; to: readonly string[]; from: string };

export function checkReferences(settings: Settings, report: Report): void {
  const top = settings.values as Values;
  const defined = (blocks: readonly string[]) =>
    blocks.flatMap((block) => (top[block] ?? []).map(({ value }) => value).filter(isText));
  const deaf = new Set((top.bfd_instance ?? []).filter(isForChecksOnly).map(({ value }) => value));
  for (const { name, at, to, from } of referencesIn(settings)) {
    if (from === 'track_bfd' && deaf.has(name)) {
      report.add('CFG_REFERENCE', at, `${name} is for checks only`, `add \`vrrp\` to the bfd_instance`);
      continue;
    }
    const names = defined(to);
    // One that is there with a mistake in its head may be the one meant.
    const isUnclear = settings.wrong.some((word) => to.includes(word));
    if (names.includes(name) || isUnclear) continue;
    const close = nearest(name, names);
    const hint = close === undefined ? undefined : `did you mean \`${close}\`?`;
    report.add('CFG_REFERENCE', at, `there is no ${to[0]} ${name}`, hint);
  }
}

function isForChecksOnly({ body }: { body?: Settings }): boolean {
  return body !== undefined && !tellsVrrp(body as Settings<typeof BFD_INSTANCE>);
}

function* referencesIn({ block, values, entries }: Settings): Generator<Reference> {
  const words = knownWords(block as Block);
  const entryOf = (block as Block).entry?.refersTo;
  if (entryOf !== undefined)
    for (const entry of entries as readonly Located<unknown>[]) yield* named(entry, entryOf, block.name);
  for (const [word, settings] of Object.entries(values as Values))
    for (const setting of settings) {
      const to = words.get(word)?.takes.refersTo;
      if (to !== undefined) yield* named(setting, to, block.name);
      if (setting.body !== undefined) yield* referencesIn(setting.body);
    }
}

/** A value is the name itself, or has it as its `name`, `group` or `track_group`. */
function* named({ value, at }: Located<unknown>, to: readonly string[], from: string): Generator<Reference> {
  if (isText(value)) return yield { name: value, at, to, from };
  const { name, group, track_group } = value as Readonly<Record<string, Located<unknown> | undefined>>;
  const found = name ?? group ?? track_group;
  if (found !== undefined && isText(found.value)) yield { name: found.value, at: found.at, to, from };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
