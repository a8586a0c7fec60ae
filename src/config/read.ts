// The pipeline from texts to the typed configuration, and everything there is to say about it. Pure; reading
// files is the edge's.
//
// Theory of operation. A text passes five stages, each of which knows only the next:
//
//   expand.ts    lines: `include`, `@id`, `$NAME`, `~SEQ`, `~LST` are carried out, as keepalived does it,
//                before anything is a keyword. lexer.ts makes words and braces of what is left.
//   parser.ts    statements and blocks. It asks the schema one thing, which words open blocks.
//   yaml/        in their stead for a `*.yaml`: the same statements from YAML.
//   settings.ts  the schema's shapes read the arguments; unknown, superfluous, unsupported ones are reported.
//   compose/     settings become the model: defaults, inheritance, what contradicts itself inside a block; a
//                `virtual_server` at once, as there may be thousands, all else at the end.
//   rules/       what only shows between blocks.
//
// Every stage reports and goes on, so that one run shows all mistakes; every value keeps its place. Adding a
// keyword is one entry in schema/ (and its removal from the table of words that are only known); acting upon
// it is a field in model.ts and a line in compose/.
import type { Diagnostic, Source, Span } from '../core/diagnostic.ts';
import { composeConfiguration } from './compose/configuration.ts';
import { Services } from './compose/services.ts';
import { type CarriedOut, Expander, type Include } from './expand.ts';
import type { Surroundings } from './makers.ts';
import { maskSecrets } from './mask.ts';
import { Mentions } from './mentions.ts';
import type { Configuration } from './model.ts';
import type { ReadNames } from './names.ts';
import { Parser } from './parser.ts';
import { Report } from './report.ts';
import { readCertificates } from './rules/certificates.ts';
import { checkConfiguration } from './rules/configuration.ts';
import { checkInterfaces } from './rules/interfaces.ts';
import { type ReadKeyFile, readKeys } from './rules/keys.ts';
import { checkReferences } from './rules/references.ts';
import { checkScripts, type InspectScript } from './rules/scripts.ts';
import { TOP } from './schema/top.ts';
import { all, Interpreter, noSettings } from './settings.ts';
import type { Statement } from './tree.ts';
import { isYaml, type YamlLibrary } from './yaml/nodes.ts';
import { readYaml } from './yaml/read.ts';

export type ReadOptions = {
  /** As lenient as keepalived: what it logs and drops is `ignored` instead of an error. */
  compat?: boolean;
  /** keepalived's -i: what `@id` lines are compared with. */
  configId?: string;
  /** What `${_ENV NAME}` and `${_RANDOM}` draw on. */
  surroundings?: Surroundings;
  /** Looks at a program that is to be run; without it none is looked at. */
  inspectScript?: InspectScript;
  /** Reads a file with a key or a certificate; without it none is read. */
  readKeyFile?: ReadKeyFile;
  /** The time of day; without it nobody asks whether certificates are valid. */
  nowMs?: number;
  /** Reads iproute2's files of names; without it only what every machine has is known. */
  readNames?: ReadNames;
  /** How `include` gets at files; without it there are none. */
  include?: Include;
  /** Those of the machine the file is for; without them nobody knows which there are. */
  interfaces?: ReadonlySet<string> | undefined;
  /** The yaml package, asked for when a source is named `*.yaml`; without it everything is keepalived's. */
  yaml?: () => YamlLibrary;
  /** Keep the statements; otherwise each is forgotten when it has been read. */
  keep?: boolean;
};

export type ReadResult = {
  configuration: Configuration;
  diagnostics: Diagnostic[];
  /** Those given, then those included, as they may be shown: what `Span.source` counts in. */
  sources: readonly Source[];
  carriedOut: CarriedOut;
  /** Of the top level, after include, conditions and definitions; empty when nobody asked to keep them. */
  statements: readonly Statement[];
};

/** keepalived.conf(5) has an example of 65,024 instances, which is about as many lines. */
const MOST_LINES = 1_200_000;
/** keepalived's word for interfaces that may come later. */
const DYNAMIC = /^\s*dynamic_interfaces\b/m;

/** Several texts are read as one. Never throws: any text ends in diagnostics. */
export function readConfiguration(sources: readonly Source[], options: ReadOptions = {}): ReadResult {
  const include = once(options.include ?? (() => []));
  const { result, balances } = readOnce(sources, { ...options, include }, []);
  const isBalanced = balances.every((balance) => balance === 0);
  const compat = options.compat || result.configuration.director.compat.value;
  if (isBalanced && compat === (options.compat ?? false)) return result;
  return readOnce(sources, { ...options, include, compat }, balances).result;
}

/** `missing`: how many closing braces each source lacks (negative: too many), as a first reading found. */
function readOnce(
  sources: readonly Source[],
  options: ReadOptions & { include: Include },
  missing: readonly number[],
): { result: ReadResult; balances: number[] } {
  const report = new Report(options.compat ?? false);
  const { configId = '', include, keep, yaml, surroundings = { environment: {}, seed: 0 } } = options;
  const expander = new Expander(
    sources,
    { ...surroundings, configId, include, mostLines: MOST_LINES },
    report,
  );
  const nowhere = { source: 0, start: 0, end: 0 };
  const settings = noSettings(TOP, nowhere);
  const balances: number[] = [];
  const statements: Statement[] = [];
  const services = new Services(report);
  const mentions = new Mentions();
  const takeBy = (interpreter: Interpreter) => (statement: Statement) => {
    if (keep) statements.push(statement);
    if (statement.words[0].text !== 'virtual_server') return interpreter.readInto(settings, statement);
    const one = interpreter.read([statement], TOP, nowhere);
    mentions.add(one);
    for (const service of all(one, 'virtual_server')) services.take(service);
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
  const configuration = composeConfiguration(settings, services, report, options.readNames);
  checkConfiguration(configuration, report);
  checkReferences(mentions.references, settings, report);
  checkFiles(configuration, options, report);
  const { inspectScript, interfaces } = options;
  if (inspectScript !== undefined) checkScripts(mentions.scripts, settings, inspectScript, report);
  const { carriedOut, sources: read } = expander;
  const mayAppear = () => read.some(({ text }) => DYNAMIC.test(text));
  if (interfaces !== undefined && !mayAppear()) checkInterfaces(configuration, interfaces, report);
  const diagnostics = report.sorted();
  const shown = maskSecrets(read, report.secrets);
  return { result: { configuration, diagnostics, sources: shown, carriedOut, statements }, balances };
}

/** Those with keys and certificates. */
function checkFiles(configuration: Configuration, { readKeyFile, nowMs }: ReadOptions, report: Report): void {
  if (readKeyFile === undefined) return;
  readKeys(configuration, readKeyFile, report);
  const proof = configuration.director.sync?.proof;
  if (proof?.by === 'certificates') readCertificates(proof, { read: readKeyFile, report }, nowMs);
}

/** Files are not read twice, and are the same for both readings. */
function once(include: Include): Include {
  const found = new Map<string, readonly Source[]>();
  return (pattern, from) => {
    const key = JSON.stringify([pattern, from]);
    const sources = found.get(key) ?? include(pattern, from);
    found.set(key, sources);
    return sources;
  };
}
