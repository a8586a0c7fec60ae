// Compact tables of words that nothing is done with yet: one a line, its standing, how its arguments are
// written, and what it is.
//
//   ignored vrrp_garp_interval   sec(0)       spacing between gratuitous ARPs on an interface
//   unsafe  net_namespace        text         run in a network namespace
//   ignored track_script{}       flag         scripts to watch
//
// The second word is the keyword; `{}` opens the block of that name in `blocks`. The third is a shape (of
// those below, or by name of `shapes`): `?` before it means that it may be left out, `=VALUE` after it names
// the value that is normal, of which nothing need be said. A description `old name of WORD` makes it an old
// name. Tables are parsed when first needed: most files need none of them.
import { Arguments } from '../arguments.ts';
import { Report } from '../report.ts';
import type { Block, Keyword, Keywords, Standing } from './block.ts';
import {
  address,
  decimal,
  INT_MAX,
  integer,
  interfaceName,
  many,
  multicast,
  name,
  nothing,
  oneOf,
  orBare,
  type Shape,
  seconds,
  secret,
  text,
  toggle,
  UINT_MAX,
} from './shape.ts';

type More = {
  blocks?: Readonly<Record<string, Block>>;
  shapes?: Readonly<Record<string, Shape<unknown>>>;
};

const STANDINGS: Readonly<Record<string, Standing>> = {
  none: 'noEffect',
  ignored: 'unsupported',
  unsafe: 'unsafe',
};
const LINE = /^(acts|none|ignored|unsafe) +([^ {]+)(\{\})? +(\?)?(\w+)(?:\(([^ )]*)\))?(?:=(\S+))? +(\S.*)$/;

const PLAIN: Readonly<Record<string, Shape<unknown>>> = {
  flag: nothing,
  bool: toggle,
  text,
  secret,
  name,
  iface: interfaceName,
  ip: address(),
  ip4: address(4),
  ip6: address(6),
  mcast: multicast(),
  mcast4: multicast(4),
};

/** Shapes that take limits or words in brackets; a limit that is not given is as far as keepalived goes. */
const MADE: Readonly<Record<string, (inside: readonly string[]) => Shape<unknown>>> = {
  int: ([min = '0', max]) => integer(Number(min), max === undefined ? INT_MAX : Number(max)),
  sec: ([min = '0', max]) => seconds(Number(min), max === undefined ? undefined : Number(max)),
  uint: ([min = '0', max]) => integer(Number(min), max === undefined ? UINT_MAX : Number(max)),
  whole: ([min = '0', max]) => seconds(Number(min), max === undefined ? undefined : Number(max), true),
  millis: ([min = '0', max = '1']) => decimal(Number(min), Number(max)),
  one: (words) => oneOf(words),
  ints: ([min = '0', max]) => many(integer(Number(min), max === undefined ? INT_MAX : Number(max))),
  texts: ([most]) => many(text, most === undefined ? undefined : Number(most)),
};

export function words(table: string, more: More = {}): () => Keywords {
  let parsed: Keywords | undefined;
  return () => {
    parsed ??= Object.fromEntries(
      table
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => parseWord(line.trim(), more)),
    );
    return parsed;
  };
}

/** A block of which nothing is done yet, but whose words are known. */
export function wordBlock(block: string, table: string, more: More = {}): Block {
  return { name: block, keywords: {}, others: words(table, more) };
}

function parseWord(line: string, { blocks = {}, shapes = {} }: More): [string, Keyword] {
  const match = LINE.exec(line);
  if (match === null) throw new TypeError(`not a line of the word table: ${line}`);
  const [, standing, word, braces, optional, shape, inside, normal, doc] = match as unknown as string[];
  const plain = shapes[shape!] ?? PLAIN[shape!] ?? MADE[shape!]?.(inside ? inside.split(/[,|]/) : []);
  if (plain === undefined) throw new TypeError(`no shape ${shape}: ${line}`);
  const takes = optional === undefined ? plain : orBare(plain, true);
  const block = braces === undefined ? undefined : blocks[word!];
  if (braces !== undefined && block === undefined) throw new TypeError(`no block ${word}: ${line}`);
  const keyword: Keyword = { takes, doc: doc!, many: true };
  // `acts`: an option of an entry that is acted upon.
  if (standing !== 'acts') keyword.standing = STANDINGS[standing!]!;
  const [, oldNameOf] = /^old name of (\S+)$/.exec(doc!) ?? [];
  if (oldNameOf !== undefined) keyword.oldNameOf = oldNameOf;
  if (block !== undefined) keyword.block = block;
  if (normal !== undefined) keyword.normal = readNormal(takes, normal);
  return [word!, keyword];
}

function readNormal(shape: Shape<unknown>, given: string): unknown {
  const at = { source: 0, start: 0, end: 0 };
  return shape.read(new Arguments([{ text: given, quoted: false, at }], 0, given, new Report(false)));
}
