// Names that stand for something defined elsewhere in the file: tracked scripts, members of groups, checks of
// files and sessions. Which words name what, the schema says.
import type { Located } from '../../core/diagnostic.ts';
import { tellsVrrp } from '../compose/bfd.ts';
import type { Reference } from '../mentions.ts';
import { nearest } from '../nearest.ts';
import type { Report } from '../report.ts';
import type { BFD_INSTANCE } from '../schema/bfd.ts';
import type { Settings } from '../settings.ts';

type Values = Readonly<Record<string, readonly (Located<unknown> & { body?: Settings })[]>>;

/** `settings` of the whole file: what is defined there. */
export function checkReferences(references: readonly Reference[], settings: Settings, report: Report): void {
  const top = settings.values as Values;
  const defined = (blocks: readonly string[]) =>
    blocks.flatMap((block) => (top[block] ?? []).map(({ value }) => value).filter(isText));
  const deaf = new Set((top.bfd_instance ?? []).filter(isForChecksOnly).map(({ value }) => value));
  for (const { name, at, to, from } of references) {
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

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
