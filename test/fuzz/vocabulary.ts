// Words that mean something to the configuration's readers: the schema's own, values of every kind, and what
// the language is written with.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is the language's own
import { type Block, knownWords } from '../../src/config/schema/block.ts';
import { TOP } from '../../src/config/schema/top.ts';

/** Of each block that can be reached, its words. */
export const BLOCKS: ReadonlyMap<Block, readonly string[]> = blocksFrom(TOP);
/** Every keyword once. */
export const KEYWORDS: readonly string[] = [...new Set([...BLOCKS.values()].flat())];

export const VALUES: readonly string[] = [
  ...[
    '0',
    '1',
    '-1',
    '+1',
    '300',
    '65536',
    '4294967296',
    '0.5',
    '.000001',
    '1e9',
    '0x10',
    '1234567890123456789',
  ],
  ...['10.0.0.1', '10.0.0.1/24', '10.0.0.0/33', '256.1.1.1', '1.2.3', '10.0.0.1-5', '224.0.0.18'],
  ...['fd00::1', 'fd00::1/64', '::', 'fe80::1%eth0', '::ffff:10.0.0.1', ':::', 'ff02::12'],
  ...[
    'eth0',
    'eth1',
    'eth0:1',
    'averylonginterfacename',
    'V',
    'VI_1',
    'on',
    'off',
    'yes',
    'MASTER',
    'BACKUP',
  ],
  ...[
    'TCP',
    'udp',
    'SCTP',
    'NAT',
    'DR',
    'TUN',
    'rr',
    'wlc',
    'mh',
    '80',
    'dev',
    'id',
    'inst',
    'weight',
    'type',
  ],
  ...[
    'gue',
    'fwmark',
    'group',
    'scope',
    'label',
    'any',
    '__proto__',
    'constructor',
    'toString',
    '"',
    "'",
    '""',
  ],
];
export const MARKS: readonly string[] = [
  ...[
    '{',
    '{',
    '{',
    '}',
    '}',
    '}',
    '\n',
    '\n',
    '\n',
    '\n',
    '\n',
    '\n',
    '\t',
    '\r',
    '\r\n',
    '\v',
    '!',
    '#',
    '\\',
  ],
  ...[
    '"a b"',
    '"a',
    '\\"',
    '\\#',
    '\u00a0',
    '\u200b',
    '\ufeff',
    '\u0000',
    '\u007f',
    '\ufffd',
    '\ud800',
    '😀',
  ],
];
export const DEFINING: readonly string[] = [
  ...[
    '$A=1',
    '$A=$B',
    '$B=${A}${A}',
    '$A=\\\n x\\\n y\n',
    '$A=\\',
    '$A',
    '${A}',
    '${A 1}',
    '${B}',
    '$B,',
    '${',
  ],
  ...[
    '@x',
    '@^x ',
    '@ ',
    '@^',
    '~SEQ(A,1,3) ',
    '~SEQ(A,3,-1,1) ',
    '~SEQx(B,10,20) ',
    '~SEQ(',
    '~LST(A,x,y) ',
  ],
  ...['~LST({A,B},{1,2},{3}) ', '~LST(', 'include x', 'includer *', 'include x*\n', '${_PWD}', '${_RANDOM}'],
  ...['${_HASH}', '${_BANG}', '$_INSTANCE'],
];

function blocksFrom(top: Block): Map<Block, readonly string[]> {
  const found = new Map<Block, readonly string[]>();
  const visit = (block: Block) => {
    if (found.has(block)) return;
    const words = knownWords(block);
    found.set(block, [...words.keys()]);
    for (const { block: inner } of words.values()) if (inner !== undefined) visit(inner);
  };
  visit(top);
  return found;
}
