// YAML text → plain nodes with places: what the yaml package finds, its complaints as diagnostics, aliases as
// what they stand for. Knows nothing of the language. The package itself is handed in: a director with a
// keepalived file never loads it.
import type * as Yaml from 'yaml';
import type { Span } from '../../core/diagnostic.ts';
import { nearest } from '../nearest.ts';
import type { Report } from '../report.ts';

export type YamlLibrary = Pick<
  typeof Yaml,
  'parseAllDocuments' | 'isAlias' | 'isMap' | 'isScalar' | 'isSeq' | 'Lexer'
>;

export type YamlScalar = {
  kind: 'scalar';
  at: Span;
  /** Without quotes, escapes carried out; a number or a boolean as it was written. */
  text: string;
  /** Of a plain scalar that YAML takes for more than a text. */
  means?: boolean | null;
  /** Where `text` stands letter by letter in the source. */
  textStart?: number;
};
export type YamlSequence = { kind: 'sequence'; at: Span; items: readonly YamlNode[] };
export type YamlMapping = { kind: 'mapping'; at: Span; pairs: readonly YamlPair[] };
export type YamlPair = { key: YamlNode; value: YamlNode };
export type YamlNode = YamlScalar | YamlSequence | YamlMapping;

/** Deeper than any block; what the package makes of deeper ones costs time and stack. */
const DEEPEST = 64;
/** One mistake in the indentation upsets many lines. */
const MOST_PROBLEMS = 10;
const HINTS: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'an alias is `*NAME`, and its anchor `&NAME`',
  BAD_INDENT: 'indent with blanks, what belongs together equally far',
  BAD_SCALAR_START: 'quote the value',
  BLOCK_AS_IMPLICIT_KEY: 'quote a value that contains `: `, or put the inner mapping on lines of its own',
  MULTILINE_IMPLICIT_KEY: 'a `:` may be missing, or a quote',
  TAB_AS_INDENT: 'indent with blanks',
  TAG_RESOLVE_FAILED: 'tags have no use here: quote the value if it begins with `!`',
};

export function isYaml(name: string): boolean {
  return /\.ya?ml$/i.test(name);
}

/** The documents of a text, and how many nodes there are in all of them. */
export function parseYaml(
  library: YamlLibrary,
  { source, text }: { source: number; text: string },
  report: Report,
): { documents: YamlNode[]; nodes: number } {
  const reader = new NodeReader(library, source, text, report);
  const documents: YamlNode[] = [];
  for (const document of parseDocuments(library, source, text, report)) {
    const problems = [...document.errors, ...document.warnings];
    reportProblems(problems, { source, text, openQuote: openQuote(library, document.contents) }, report);
    // What a text with mistakes means is a guess, and complaints about a guess help nobody.
    if (document.errors.length > 0 || document.contents === null) continue;
    const node = reader.document(document.contents);
    if (node !== undefined) documents.push(node);
  }
  return { documents, nodes: reader.nodes };
}

function parseDocuments(library: YamlLibrary, source: number, text: string, report: Report): Yaml.Document[] {
  try {
    const documents = library.parseAllDocuments(text, {
      version: '1.2',
      schema: 'core',
      resolveKnownTags: false,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'silent',
    });
    return Array.isArray(documents) ? documents : [];
  } catch (error) {
    // The package recurses: thousands of nested brackets are too much for it.
    if (!(error instanceof RangeError)) throw error;
    report.add('CFG_YAML', { source, start: 0, end: 0 }, 'this is nested too deeply to be read');
    return [];
  }
}

type Problems = readonly (Yaml.YAMLParseError | Yaml.YAMLWarning)[];
type Place = { source: number; text: string; openQuote: number | undefined };

function reportProblems(problems: Problems, { source, text, openQuote }: Place, report: Report): void {
  let said = 0;
  let lineEnd = -1;
  for (const { code, pos, message } of problems.toSorted((a, b) => a.pos[0] - b.pos[0])) {
    const start = Math.min(pos[0], text.length);
    if (start <= lineEnd || said >= MOST_PROBLEMS) continue;
    const newline = text.indexOf('\n', start);
    lineEnd = newline === -1 ? text.length : newline;
    said += 1;
    if (code === 'MISSING_CHAR' && message.endsWith('quote') && openQuote !== undefined) {
      const at = { source, start: openQuote, end: openQuote + 1 };
      const hint = text[openQuote] === "'" ? 'inside of single quotes one is written twice' : undefined;
      report.add('CFG_YAML', at, 'this quote is not closed', hint);
      continue;
    }
    const at = { source, start, end: Math.max(start, Math.min(pos[1], text.length)) };
    report.add('CFG_YAML', at, inOurWords(message), HINTS[code]);
  }
}

/** The last quote that opens: the package only says where the text ended without another. */
function openQuote({ isMap, isScalar, isSeq }: YamlLibrary, contents: unknown): number | undefined {
  let node = contents;
  while (isMap(node) || isSeq(node)) {
    const last: unknown = node.items.at(-1);
    node = isSeq(node)
      ? last
      : ((last as Yaml.Pair | undefined)?.value ?? (last as Yaml.Pair | undefined)?.key);
  }
  return isScalar(node) && node.type?.startsWith('QUOTE') ? node.range?.[0] : undefined;
}

/** The package names tokens as its own source does. */
function inOurWords(message: string): string {
  const said = message.replace('block-seq-ind', '`-`').replace('map-value-ind', '`:`');
  return said.charAt(0).toLowerCase() + said.slice(1);
}

class NodeReader {
  nodes = 0;
  readonly #library: YamlLibrary;
  readonly #source: number;
  readonly #text: string;
  readonly #report: Report;
  /** Undefined while the node is being read: an alias in there would never end. */
  #anchors = new Map<string, YamlNode | undefined>();
  #isWrong = false;

  constructor(library: YamlLibrary, source: number, text: string, report: Report) {
    this.#library = library;
    this.#source = source;
    this.#text = text;
    this.#report = report;
  }

  /** Undefined for one with mistakes. */
  document(contents: unknown): YamlNode | undefined {
    this.#anchors = new Map();
    this.#isWrong = false;
    const node = this.#read(contents, 0, 0);
    return this.#isWrong ? undefined : node;
  }

  /** `after` is where a node that is not there would be. */
  #read(node: unknown, after: number, depth: number): YamlNode {
    this.nodes += 1;
    const { isAlias, isMap, isScalar, isSeq } = this.#library;
    if (isAlias(node)) return this.#alias(node);
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return this.#nothing(after);
    const at = this.#span(node.range, after);
    if (depth > DEEPEST) {
      return this.#wrong({ ...at, end: at.start }, 'this is nested too deeply');
    }
    const { anchor } = node;
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const read = isScalar(node) ? this.#scalar(node, at) : this.#collection(node, at, depth);
    if (anchor !== undefined) this.#anchors.set(anchor, read);
    return read;
  }

  #collection(
    node: Yaml.YAMLMap<unknown, unknown> | Yaml.YAMLSeq<unknown>,
    at: Span,
    depth: number,
  ): YamlNode {
    if (this.#library.isSeq(node)) {
      const items = node.items.map((item) => this.#read(item, at.start, depth + 1));
      return { kind: 'sequence', at, items };
    }
    const pairs = node.items.map((pair) => {
      const key = this.#read(pair.key, at.start, depth + 1);
      return { key, value: this.#read(pair.value, key.at.end, depth + 1) };
    });
    return { kind: 'mapping', at, pairs };
  }

  #scalar({ value, type, source }: Yaml.Scalar, at: Span): YamlScalar {
    const text = source ?? String(value);
    const isPlain = type === 'PLAIN';
    const start = isPlain ? at.start : at.start + 1;
    const isLiteral = (isPlain || type?.startsWith('QUOTE')) && this.#text.startsWith(text, start);
    return {
      kind: 'scalar',
      at,
      text,
      ...(isPlain && (typeof value === 'boolean' || value === null) ? { means: value } : {}),
      ...(isLiteral && start + text.length <= at.end ? { textStart: start } : {}),
    };
  }

  /** A text is where it is used; what is inside of a collection, where it was written. */
  #alias({ source: name, range }: Yaml.Alias): YamlNode {
    const at = this.#span(range, 0);
    const target = this.#anchors.get(name);
    if (target?.kind === 'scalar') {
      const { textStart: _, ...scalar } = target;
      return { ...scalar, at };
    }
    if (target !== undefined) return target;
    const isInside = this.#anchors.has(name);
    const close = isInside ? undefined : nearest(name, [...this.#anchors.keys()]);
    const message = isInside
      ? `\`*${name}\` is inside of what it stands for`
      : `no anchor \`&${name}\` comes before this`;
    return this.#wrong(at, message, close === undefined ? undefined : `did you mean \`*${close}\`?`);
  }

  #wrong(at: Span, message: string, hint?: string): YamlNode {
    this.#isWrong = true;
    this.#report.add('CFG_YAML', at, message, hint);
    return this.#nothing(at.start);
  }

  #nothing(at: number): YamlScalar {
    return { kind: 'scalar', at: { source: this.#source, start: at, end: at }, text: '', means: null };
  }

  #span(range: Yaml.Range | null | undefined, otherwise: number): Span {
    const [start, end] = range ?? [otherwise, otherwise];
    const last = this.#text.length;
    return { source: this.#source, start: Math.min(start, last), end: Math.min(Math.max(start, end), last) };
  }
}
