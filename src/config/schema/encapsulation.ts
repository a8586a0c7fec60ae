// `encap KIND …` of a route: what packets are wrapped in. ip-route(8); the kinds of keepalived 2.2.7.
import type { Encapsulation } from '../../core/route.ts';
import type { Arguments } from '../arguments.ts';
import { number, tunnel } from './routing-words.ts';
import { address, oneOf, type Shape } from './shape.ts';

/** RFC 3032: 20 bits. */
const LARGEST_LABEL = 0xfffff;
const KINDS = ['ip', 'ip6', 'mpls', 'ila'] as const;

export const encapsulation: Shape<Encapsulation> = {
  syntax:
    'mpls LABEL[/LABEL …]|ip|ip6|ila [id N] [dst IPADDR] [src IPADDR] [tos|tc N] [ttl|hoplimit N] [flags N]',
  line: true,
  example: 'mpls 100',
  read(given) {
    const kind = oneOf(KINDS).read(given);
    if (kind === undefined) return undefined;
    if (kind === 'mpls') return readLabels(given);
    return kind === 'ila' ? readLocator(given) : readTunnel(given, kind);
  },
};

function readLabels(given: Arguments): Encapsulation | undefined {
  const word = given.take('a label');
  if (word === undefined) return undefined;
  const labels = word.text.split('/').map((text) => (/^\d+$/.test(text) ? Number(text) : Number.NaN));
  if (labels.some(Number.isNaN))
    return given.wrong(word, `takes labels, not "${word.text}"`, 'as in `mpls 100/200`');
  if (labels.some((label) => label > LARGEST_LABEL))
    return given.outside(word, `labels of 0 to ${LARGEST_LABEL}`);
  return { kind: 'mpls', labels };
}

function readLocator(given: Arguments): Encapsulation | undefined {
  const word = given.take('a locator');
  if (word === undefined) return undefined;
  const isLocator = /^[0-9a-f]{1,4}(:[0-9a-f]{1,4}){3}$/i.test(word.text);
  if (!isLocator) return given.wrong(word, `takes a locator, not "${word.text}"`, 'as in `ila 1:2:3:4`');
  return { kind: 'ila', locator: word.text };
}

const byte = number(255);
const flags = number(0xffff);

function readTunnel(given: Arguments, kind: 'ip' | 'ip6'): Encapsulation | undefined {
  const read: Record<string, unknown> = {};
  const subject = given.subject;
  for (let word = given.peek(); word !== undefined; word = given.peek()) {
    const name = NAMES[word.text];
    if (name === undefined) break;
    given.optional();
    given.subject = word.text;
    const value = readOption(given, name, kind);
    given.subject = subject;
    if (value === undefined) return undefined;
    read[name] = value;
  }
  return { kind, ...read };
}

type Option = 'id' | 'to' | 'from' | 'tos' | 'ttl' | 'flags';
const NAMES: Readonly<Record<string, Option>> = {
  id: 'id',
  dst: 'to',
  src: 'from',
  tos: 'tos',
  tc: 'tos',
  ttl: 'ttl',
  hoplimit: 'ttl',
  flags: 'flags',
};

function readOption(given: Arguments, name: Option, kind: 'ip' | 'ip6'): unknown {
  switch (name) {
    case 'id':
      return tunnel.read(given);
    case 'to':
    case 'from':
      return address(kind === 'ip' ? 4 : 6).read(given);
    case 'tos':
    case 'ttl':
      return numeric(byte.read(given));
    case 'flags':
      return numeric(flags.read(given));
  }
}

function numeric(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
