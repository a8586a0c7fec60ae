// Words of the block `director { … }` about what the director tells over HTTP: where it listens, and what
// its metrics are called.
import { endpoint, parseAddress } from '../../core/address.ts';
import type { WebPlace } from '../model.ts';
import { type Block, keyword, opens } from './block.ts';
import { nothing, type Shape, toggle } from './shape.ts';

/** IPv6 in brackets, as in a URL. */
const PLACE = /^(?:\[(?<inner>[^\]]+)\]|(?<plain>[^[\]:]+)):(?<port>\d{1,5})$/;
const MOST_PORT = 65_535;

const webPlace: Shape<WebPlace> = {
  syntax: 'IPADDR:PORT',
  json: { type: 'string' },
  example: '127.0.0.1:9165',
  read(words) {
    const word = words.take('an address and a port');
    if (word === undefined) return undefined;
    const { inner, plain, port } = PLACE.exec(word.text)?.groups ?? {};
    const address = parseAddress(inner ?? plain ?? '');
    const isPlace = address !== undefined && (inner === undefined) === !address.includes(':');
    const number = Number(port);
    if (isPlace && number >= 1 && number <= MOST_PORT) return { address, port: number };
    const message = `takes an address and a port, not "${word.text}"`;
    return words.wrong(word, message, 'as in `127.0.0.1:9165` or `[::1]:9165`');
  },
  print: ({ address, port }) => endpoint(address, port),
};

export const METRICS = {
  name: 'metrics',
  keywords: {
    keepalived_names: keyword(
      toggle,
      'also tell what keepalived-exporter tells, by its names and labels, so that dashboards go on working',
      { default: true },
    ),
  },
} as const satisfies Block;

export const WEB_WORDS = {
  web: keyword(
    webPlace,
    'where metrics for Prometheus are told (GET /metrics), to everyone who can connect; left out: nowhere',
  ),
  metrics: opens(nothing, 'what the metrics are called', METRICS),
};
