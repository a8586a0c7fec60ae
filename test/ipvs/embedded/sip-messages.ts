// SIP messages for tests, right ones and such as only look like it: the latter of pieces that a search for
// the Call-ID may stumble over.
import fc from 'fast-check';

export const invite = (header: string) =>
  `INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.10\r\n${header}\r\nCSeq: 1 INVITE\r\n\r\n`;

const NAMES = ['Call-ID', 'call-id', 'CALL-ID', 'CaLl-Id', 'Call-IDs', 'Call-I', 'i', 'I', 'ii', 'in', 'i-'];
const BLANKS = [' ', '\t', '\r\n ', '\n\t', '\r ', '\r\n\t \r\n '];
const ENDS = ['\r\n', '\n', '\r', '\r\n\r\n', '\n\n', '\n\r'];
const WORDS = [
  ...['a', 'b7', 'a84b4c76e66710', '@', 'pc33.example.com', 'x@y', '@@', '<>?', '[::1]', '"%(', '~`', "'"],
  ...['é', 'ß', '×', '÷', '\u00a0', '\0', ';', ',', '=', '#', '*', '&', 'y'.repeat(120), 'z'.repeat(255)],
];
const textOf = (pieces: readonly string[], maxLength: number, minLength = 0) =>
  fc.array(fc.constantFrom(...pieces), { minLength, maxLength }).map((all) => all.join(''));
const RIGHT = ['a84b4c76e66710', 'pc33.example.com', 'x@y', '[::1]', '~`', "'", 'é'];
/** About one in eleven has a Call-ID. */
export const oddMessage = fc.oneof(
  textOf([...NAMES, ':', ...BLANKS, ...ENDS, ...WORDS, 'INVITE sip:bob@example.com SIP/2.0'], 14),
  fc
    .array(
      fc.tuple(
        fc.constantFrom('\r\n', '\r\n', '\n', '\r', '', '\n\n'),
        fc.constantFrom('Call-ID', 'i', ...NAMES),
        fc.constantFrom('', '', '', ...BLANKS),
        fc.constantFrom(':', ':', ':', ':', '', '::'),
        fc.constantFrom('', ' ', ...BLANKS),
        textOf([...RIGHT, ...RIGHT, ...WORDS], 3, 1),
        fc.constantFrom('\r\n', '\r\n', '\n', '\r', '', ' '),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((lines) => lines.flat().join('')),
);
/** Of few calls, so that many have one. */
const rightMessage = fc
  .tuple(
    fc.constantFrom('Call-ID: ', 'Call-ID: ', 'i: ', 'CALL-ID :'),
    fc.constantFrom('a', 'b@example.com', 'c'.repeat(33), 'd'.repeat(255)),
  )
  .map(([name, call]) => invite(`${name}${call}`));
export const message = fc.oneof({ arbitrary: rightMessage, weight: 3 }, { arbitrary: oddMessage, weight: 1 });
