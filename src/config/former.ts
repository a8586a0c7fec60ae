// What a reading leaves for the next one, which may be of nearly the same text: see reread.ts.
import type { Source } from '../core/diagnostic.ts';
import type { Gathered } from './gather.ts';
import type { MentionedScript } from './mentions.ts';
import type { Configuration } from './model.ts';
import type { VirtualServer } from './model-services.ts';
import { TOP } from './schema/top.ts';
import { noSettings, type Settings } from './settings.ts';
import { isYaml } from './yaml/nodes.ts';

/** A reading without a complaint, and what the next one needs of it. */
export type Former = {
  source: Source;
  configuration: Configuration;
  compat: boolean;
  configId: string | undefined;
  statements: Statements;
  /** Of the whole file, and perhaps some that are no more. */
  scripts: readonly MentionedScript[];
  /** `global_defs` only. */
  globals: Settings<typeof TOP>;
};
export type Reread = { configuration: Configuration; former: Former };
/** Of the top level, in the order of the text: offsets, and which virtual server each became. */
export type Statements = {
  starts: readonly number[];
  ends: readonly number[];
  made: readonly (VirtualServer | undefined)[];
};

/** What makes a line depend on others, or on more than the text; blanks as in the lexer. */
const CARRIED_OVER = /\$|^[ \t\v\f\r]*(?:[@~]|include)/m;

export function carriesOver(text: string): boolean {
  return CARRIED_OVER.test(text);
}

/** Composed of itself alone: of a group it is of the group's block, too, and of others of the group. */
export function isSimple(service: VirtualServer | undefined): service is VirtualServer {
  return service !== undefined && service.selects.by !== 'group';
}

/** Undefined when nothing can be built upon this reading. */
export function formerOf(
  { expander, settings, mentions, places }: Gathered,
  configuration: Configuration,
  { compat = false, configId }: { compat?: boolean; configId?: string },
): Former | undefined {
  const [source, ...others] = expander.sources;
  if (source === undefined || others.length > 0 || isYaml(source.name)) return undefined;
  if (carriesOver(source.text)) return undefined;
  return {
    source,
    configuration,
    compat,
    configId,
    statements: {
      starts: places.map(({ start }) => start),
      ends: places.map(({ end }) => end),
      made: places.map(({ service }) => service?.composed),
    },
    scripts: distinctScripts(mentions.scripts),
    globals: globalsOf(settings),
  };
}

export function globalsOf({ at, values }: Settings<typeof TOP>): Settings<typeof TOP> {
  const { global_defs = [] } = values;
  return { ...noSettings(TOP, at), values: { global_defs } };
}

/** One of each program and user: whether it may be run does not depend on where that is said. */
export function distinctScripts(scripts: readonly MentionedScript[]): MentionedScript[] {
  const known = new Map(scripts.map((script) => [JSON.stringify([script.program, script.user]), script]));
  return [...known.values()];
}
