// From texts to the settings of the top level, and what stands where in them: the first half of the pipeline
// (see read.ts), which looks at no two blocks together.
import type { Source, Span } from '../core/diagnostic.ts';
import { type Composed, Services } from './compose/services.ts';
import { Expander, type Include } from './expand.ts';
import type { Surroundings } from './makers.ts';
import { Mentions } from './mentions.ts';
import { Parser } from './parser.ts';
import type { Report } from './report.ts';
import { TOP } from './schema/top.ts';
import { all, Interpreter, noSettings, type Settings } from './settings.ts';
import type { Statement } from './tree.ts';
import { isYaml, type YamlLibrary } from './yaml/nodes.ts';
import { readYaml } from './yaml/read.ts';

export type GatherOptions = {
  /** keepalived's -i: what `@id` lines are compared with. */
  configId?: string;
  /** What `${_ENV NAME}` and `${_RANDOM}` draw on. */
  surroundings?: Surroundings;
  /** How `include` gets at files; without it there are none. */
  include?: Include;
  /** The yaml package, asked for when a source is named `*.yaml`; without it everything is keepalived's. */
  yaml?: () => YamlLibrary;
  /** Keep the statements; otherwise each is forgotten when it has been read. */
  keep?: boolean;
};
export type Gathered = {
  /** Without the virtual servers. */
  settings: Settings<typeof TOP>;
  services: Services;
  mentions: Mentions;
  expander: Expander;
  /** How many closing braces each source lacks (negative: too many). */
  balances: number[];
  statements: Statement[];
  places: Place[];
};
/** Of a statement of the top level: where it is, and what a `virtual_server` became. */
export type Place = { source: number; start: number; end: number; service?: Composed };

/** keepalived.conf(5) has an example of 65,024 instances, which is about as many lines. */
const MOST_LINES = 1_200_000;
const NOWHERE: Span = { source: 0, start: 0, end: 0 };

/** `missing`: the balances of a first reading. */
export function gather(
  sources: readonly Source[],
  options: GatherOptions,
  missing: readonly number[],
  report: Report,
): Gathered {
  const { configId = '', include = () => [], keep, yaml } = options;
  const { surroundings = { environment: {}, seed: 0 } } = options;
  const expander = new Expander(
    sources,
    { ...surroundings, configId, include, mostLines: MOST_LINES },
    report,
  );
  const settings = noSettings(TOP, NOWHERE);
  const services = new Services(report);
  const mentions = new Mentions();
  const [balances, statements, places]: [number[], Statement[], Place[]] = [[], [], []];
  const takeBy = (interpreter: Interpreter) => (statement: Statement) => {
    if (keep) statements.push(statement);
    const place: Place = placeOf(statement);
    places.push(place);
    if (statement.words[0].text !== 'virtual_server') return interpreter.readInto(settings, statement);
    const one = interpreter.read([statement], TOP, NOWHERE);
    mentions.add(one);
    for (const service of all(one, 'virtual_server')) place.service = services.take(service);
  };
  const takeLines = takeBy(new Interpreter(report));
  const takeNodes = takeBy(new Interpreter(report, true));
  const readSource = (source: number, chain: readonly string[]) => {
    const { name, text } = expander.sources[source]!;
    if (yaml === undefined || !isYaml(name)) {
      // Each file closes what it opens: a brace missing in one is not looked for in the next.
      const parser = new Parser(TOP, missing[source] ?? 0, report, takeLines);
      expander.expand(source, (line) => parser.line(line), chain);
      balances[source] = parser.finish();
      return;
    }
    const includeFrom = (pattern: string, at: Span) => {
      for (const { index, chain: longer } of expander.include('', pattern, at, chain))
        readSource(index, longer);
    };
    readYaml(yaml(), { source, text }, TOP, report, { take: takeNodes, include: includeFrom });
  };
  sources.forEach(({ name }, source) => {
    readSource(source, [name]);
  });
  mentions.add(settings);
  return { settings, services, mentions, expander, balances, statements, places };
}

function placeOf({ words, body }: Statement): Place {
  const { source, start } = words[0].at;
  return { source, start, end: (body?.close ?? words.at(-1)!.at).end };
}
