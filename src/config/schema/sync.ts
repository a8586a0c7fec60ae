// The block `sync { … }` of director: the connection between the balancers of two directors, on which each
// tells the other of its connections.
import { parseAddress } from '../../core/address.ts';
import { type Block, keyword } from './block.ts';
import { endpoint } from './endpoints.ts';
import { integer, interfaceName, type Shape, seconds, text } from './shape.ts';

export const SYNC_STREAM_PORT = 8849;

/** `never`: what is not in the file itself. */
function file(example: string, never: string): Shape<{ file: string }> {
  return {
    syntax: 'FILE',
    json: { type: 'string' },
    example,
    read(given) {
      const word = given.take('a file');
      if (word === undefined) return undefined;
      if (word.text.startsWith('/')) return { file: word.text };
      return given.wrong(
        word,
        'is no file by its whole path, from / on',
        `${never} is never in the file itself`,
      );
    },
    print: (value) => text.print!(value.file),
  };
}
const pemFile = (name: string, never: string) => file(`/etc/lvs-director/${name}.pem`, never);

/** RFC 1123, and `_`. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;

const certificateName: Shape<string> = {
  syntax: 'NAME|IPADDR',
  json: { type: 'string' },
  example: 'b.example.org',
  read(given) {
    const word = given.take('a name or an address');
    if (word === undefined) return undefined;
    const address = parseAddress(word.text);
    if (address !== undefined) return address;
    if (word.text.split('.').every((label) => LABEL.test(label))) return word.text;
    return given.wrong(word, 'is neither a name nor an address', 'as in `subjectAltName` of its certificate');
  },
  print: (value) => text.print!(value),
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
      file('/etc/lvs-director/sync.key', 'a key'),
      'file with the key that both directors share, 32 to 64 bytes; with two, the first is tried first',
      { many: true },
    ),
    certificate: keyword(
      pemFile('sync', 'a certificate'),
      'instead of psk: file with the certificate of this director (PEM), and after it those between it and ' +
        'the authority',
    ),
    private_key: keyword(pemFile('sync-key', 'a key'), 'file with the private key of that certificate (PEM)'),
    authority: keyword(
      pemFile('sync-ca', 'an authority'),
      'file with the authorities (PEM) of which one has to have signed the certificate of the other director',
    ),
    peer_name: keyword(
      certificateName,
      'name, or address, that the certificate of the other director has to be for (its subjectAltName); ' +
        'the address after `peer` unless given',
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
} as const satisfies Block;
