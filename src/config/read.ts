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
// The first three are in gather.ts. A text that is nearly the one before is read as that: reread.ts.
//
// Every stage reports and goes on, so that one run shows all mistakes; every value keeps its place. Adding a
// keyword is one entry in schema/ (and its removal from the table of words that are only known); acting upon
// it is a field in model.ts and a line in compose/.
import type { Diagnostic, Source } from '../core/diagnostic.ts';
import { composeConfiguration } from './compose/configuration.ts';
import type { CarriedOut, Include } from './expand.ts';
import { type Former, formerOf } from './former.ts';
import { type Gathered, type GatherOptions, gather, type Place } from './gather.ts';
import { maskSecrets } from './mask.ts';
import type { MentionedScript } from './mentions.ts';
import type { Configuration } from './model.ts';
import type { VirtualServer } from './model-services.ts';
import type { ReadNames } from './names.ts';
import { Report } from './report.ts';
import { readCertificates } from './rules/certificates.ts';
import { checkConfiguration } from './rules/configuration.ts';
import { checkInterfaces } from './rules/interfaces.ts';
import { type ReadKeyFile, readKeys } from './rules/keys.ts';
import { checkReferences } from './rules/references.ts';
import { checkScripts, type InspectScript } from './rules/scripts.ts';
import type { Statement } from './tree.ts';

export type ReadOptions = GatherOptions & {
  /** As lenient as keepalived: what it logs and drops is `ignored` instead of an error. */
  compat?: boolean;
  /** Looks at a program that is to be run; without it none is looked at. */
  inspectScript?: InspectScript;
  /** Reads a file with a key or a certificate; without it none is read. */
  readKeyFile?: ReadKeyFile;
  /** The time of day; without it nobody asks whether certificates are valid. */
  nowMs?: number;
  /** Reads iproute2's files of names; without it only what every machine has is known. */
  readNames?: ReadNames;
  /** Those of the machine the file is for; without them nobody knows which there are. */
  interfaces?: ReadonlySet<string> | undefined;
};

export type ReadResult = {
  configuration: Configuration;
  diagnostics: Diagnostic[];
  /** Those given, then those included, as they may be shown: what `Span.source` counts in. */
  sources: readonly Source[];
  carriedOut: CarriedOut;
  /** Of the top level, after include, conditions and definitions; empty when nobody asked to keep them. */
  statements: readonly Statement[];
  /** For reread.ts; undefined when nothing can be built upon it. */
  former: Former | undefined;
};

const UNREAD = { ok: false, says: 'is not looked at' } as const;
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

/** Of a text that is known in part. */
type Known = {
  /** All of its virtual servers in its order. */
  weave: (places: readonly Place[]) => VirtualServer[];
  /** Also those that the known ones run. */
  scripts: readonly MentionedScript[];
};

/**
 * The parts of a text between what is known of it. Undefined unless each is whole statements, nothing else is
 * to be read, and there is nothing to say.
 */
export function readParts(
  parts: readonly Source[],
  options: ReadOptions,
  known: Known,
): (Gathered & { configuration: Configuration }) | undefined {
  const { result, balances, gathered, isFinal } = readOnce(
    parts,
    { ...options, include: () => [], readKeyFile: () => UNREAD, readNames: () => '' },
    [],
    known,
  );
  if (!isFinal || balances.some((balance) => balance !== 0)) return undefined;
  return { ...gathered, configuration: result.configuration };
}

type Once = {
  result: ReadResult;
  balances: number[];
  gathered: Gathered;
  /** There was nothing to say, and it went by the texts alone. */
  isFinal: boolean;
};

/** `missing`: how many closing braces each source lacks (negative: too many), as a first reading found. */
function readOnce(
  sources: readonly Source[],
  options: ReadOptions & { include: Include },
  missing: readonly number[],
  known?: Known,
): Once {
  const report = new Report(options.compat ?? false);
  const gathered = gather(sources, options, missing, report);
  const { settings, services, mentions, expander, balances, statements } = gathered;
  const { carriedOut, sources: read } = expander;
  const { files, readKeyFile, readNames } = outside(options);
  const configuration = composeConfiguration(settings, services, report, readNames);
  if (known !== undefined) configuration.virtualServers = known.weave(gathered.places);
  mentions.scripts.push(...(known?.scripts ?? []));
  checkConfiguration(configuration, report);
  checkReferences(mentions.references, settings, report);
  checkFiles(configuration, { ...options, readKeyFile }, report);
  const { inspectScript, interfaces } = options;
  if (inspectScript !== undefined) checkScripts(mentions.scripts, settings, inspectScript, report);
  const mayAppear = () => read.some(({ text }) => DYNAMIC.test(text));
  if (interfaces !== undefined && !mayAppear()) checkInterfaces(configuration, interfaces, report);
  const diagnostics = report.sorted();
  const shown = maskSecrets(read, report.secrets);
  const isFinal = diagnostics.length === 0 && files.asked === 0 && interfaces === undefined;
  const former = isFinal ? formerOf(gathered, configuration, options) : undefined;
  const result = { configuration, diagnostics, sources: shown, carriedOut, statements, former };
  return { result, balances, gathered, isFinal };
}

/** The same, with a count of how often anybody asked for a file that may be another the next time. */
function outside(options: ReadOptions) {
  const files = { asked: 0 };
  const counted = <A extends unknown[], R>(read: ((...of: A) => R) | undefined) => {
    if (read === undefined) return undefined;
    return (...of: A) => {
      files.asked += 1;
      return read(...of);
    };
  };
  return { files, readKeyFile: counted(options.readKeyFile), readNames: counted(options.readNames) };
}

/** Those with keys and certificates. */
function checkFiles(
  configuration: Configuration,
  { readKeyFile, nowMs }: { readKeyFile: ReadKeyFile | undefined; nowMs?: number },
  report: Report,
): void {
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
