// The block `sync { … }` of director: the connection between the balancers of two directors, on which each
// tells the other of its connections.
import { type Block, keyword } from './block.ts';
import { endpoint } from './endpoints.ts';
import { integer, interfaceName, type Shape, seconds, text } from './shape.ts';
import { words } from './table.ts';

export const SYNC_STREAM_PORT = 8849;

const keyFile: Shape<{ file: string }> = {
  syntax: 'FILE',
  json: { type: 'string' },
  example: '/etc/lvs-director/sync.key',
  read(given) {
    const word = given.take('a file');
    if (word === undefined) return undefined;
    if (word.text.startsWith('/')) return { file: word.text };
    return given.wrong(word, 'is no file by its whole path, from / on', 'a key is never in the file itself');
  },
  print: ({ file }) => text.print!(file),
};

export const SYNC = {
  name: 'sync',
  keywords: {
    listen: keyword(
      endpoint,
      `own address, and port (${SYNC_STREAM_PORT} unless given), of the connection between the two balancers`,
    ),
    peer: keyword(endpoint, `address, and port (${SYNC_STREAM_PORT} unless given), of the other director`),
    psk: keyword(
      keyFile,
      'file with the key that both directors share, 32 to 64 bytes; with two, the first is tried first',
      { many: true },
    ),
    interface: keyword(interfaceName, 'that of link-local addresses (fe80::…)'),
    min_coverage: keyword(
      integer(0, 100),
      'percent of the connections that the peer has to know before a drill hands over to it; a stop waits ' +
        'a second for them and says how many will break',
      { default: 99 },
    ),
    preempt_wait: keyword(
      seconds(0, 3600),
      'how long a better director leaves mastership with a worse one, at most, until it knows its ' +
        'connections; 0 = preempts at once',
      { default: 60_000 },
    ),
  },
  others: words(`
  ignored certificate  text  file with the certificate
`),
} as const satisfies Block;
