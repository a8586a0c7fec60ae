// The search for the Call-ID: golden messages, what it makes of each piece of one, and that it stays inside
// of what it was given. Whether the kernel finds the same is for test/lab/same-choice.test.ts.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callId, findCallId, isCallId } from '../../../src/ipvs/embedded/call-id.ts';
import { invite, oddMessage } from './sip-messages.ts';

/** In the middle of other bytes, as in a frame. */
const BEFORE = 'Call-ID: before\r\n';
const BEHIND = '\r\nCall-ID: behind\r\n';

function found(text: string): string | undefined {
  const bytes = Buffer.from(`${BEFORE}${text}${BEHIND}`, 'latin1');
  const end = bytes.length - BEHIND.length;
  if (!findCallId(bytes, BEFORE.length, end)) return undefined;
  expect(callId.at).toBeGreaterThan(BEFORE.length);
  expect(callId.at + callId.length).toBeLessThan(end);
  return bytes.toString('latin1', callId.at, callId.at + callId.length);
}

const RFC3261 = `INVITE sip:bob@biloxi.com SIP/2.0
Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds
Max-Forwards: 70
To: Bob <sip:bob@biloxi.com>
From: Alice <sip:alice@atlanta.com>;tag=1928301774
Call-ID: a84b4c76e66710@pc33.atlanta.com
CSeq: 314159 INVITE
Contact: <sip:alice@pc33.atlanta.com>
Content-Type: application/sdp
Content-Length: 142

`.replaceAll('\n', '\r\n');

test.each([
  ['RFC 3261’s first example', RFC3261, 'a84b4c76e66710@pc33.atlanta.com'],
  ['without a host', invite('Call-ID: a84b'), 'a84b'],
  ['whatever the case', invite('cALL-iD: A84b'), 'A84b'],
  ['compact', invite('i: x@y'), 'x@y'],
  ['compact, in upper case', invite('I:x@y'), 'x@y'],
  ['blanks before the colon and behind it', invite('Call-ID \t:\t  x'), 'x'],
  ['without blanks', invite('Call-ID:x'), 'x'],
  ['on the next line', invite('Call-ID:\r\n\t x@y'), 'x@y'],
  ['the colon on the next line', invite('i\r\n : x'), 'x'],
  ['lines that end with LF', invite('Call-ID: x').replaceAll('\r\n', '\n'), 'x'],
  ['lines that end with CR', invite('Call-ID: x').replaceAll('\r\n', '\r'), 'x'],
  ['behind the header', 'OPTIONS sip:a SIP/2.0\r\n\r\nCall-ID: x\r\n', 'x'],
  [
    'every character that a word has',
    invite('i: a-.!%*_+`\'~()<>:\\"/[]?{}@é'),
    'a-.!%*_+`\'~()<>:\\"/[]?{}@é',
  ],
  ['the first of two', invite('Call-ID: one\r\nCall-ID: two'), 'one'],
  ['as long as may be', invite(`Call-ID: ${'x'.repeat(255)}`), 'x'.repeat(255)],
  ['two colons: the second is of the word', invite('i::x'), ':x'],
  ['behind one that is none', invite('i: ;\r\nCall-ID: x'), 'x'],
  ['far behind two that are none', `\r\ni: ;\r\ni: ;\r\n${'v: x\r\n'.repeat(9)}Call-ID: x\r\n`, 'x'],
])('%s', (_, text, expected) => {
  expect(found(text)).toBe(expected);
});

describe('there is none', () => {
  test.each([
    ['in nothing', ''],
    ['in another header', invite('In-Reply-To: x')],
    ['in the first line', 'Call-ID: x\r\nCSeq: 1 INVITE\r\n'],
    ['in a line that goes on', invite('Subject: a\r\n Call-ID: x')],
    ['behind an empty line of LF', 'INVITE sip:b SIP/2.0\n\nCall-ID: x\n'],
    ['in a longer name', invite('Call-IDs: x')],
    ['in a compact name before a letter', invite('id: x')],
    ['without a colon', invite('Call-ID x')],
    ['without a value', invite('Call-ID: ')],
    ['without a host behind the @', invite('Call-ID: x@')],
    ['when it is longer than 255 bytes', invite(`Call-ID: ${'x'.repeat(256)}`)],
    ['when something follows it', invite('Call-ID: x y')],
    ['behind a blank at its end', invite('Call-ID: x ')],
    ['when the value is on no next line', invite('Call-ID:\r\nx')],
    ['when it is cut off in the value', invite('Call-ID: x@y').split('y\r\n')[0]!],
    ['when the line has no end', invite('Call-ID: x@y').split('\r\nCSeq')[0]!],
    ['when it is cut off behind the colon', '\r\nCall-ID:'],
    ['when it is cut off behind the name', '\r\nCall-ID'],
    ['when it is cut off in the name', '\r\nCall-I'],
    ['when it is cut off behind the compact name', '\r\ni'],
    ['when only line ends are left', '\r\nCall-ID:\r\n '],
    ['one header further, when the name was right and the rest was not', invite('i-x: y\r\nCall-ID: x')],
    ['soon behind two that are none', '\r\ni: ;\r\ni: ;\r\nCall-ID: x\r\n'],
    ['behind an empty one', invite('i:\r\nCall-ID: x')],
  ])('%s', (_, text) => {
    expect(found(text)).toBeUndefined();
  });
});

test('what is found is a Call-ID at the beginning of a value, and ends with its line', () => {
  let count = 0;
  fc.assert(
    fc.property(oddMessage, (text) => {
      const value = found(text);
      if (value === undefined) return;
      count++;
      expect(isCallId(Buffer.from(value, 'latin1'))).toBe(true);
      expect(text.split(/[\r\n]/).some((line) => line.endsWith(value))).toBe(true);
    }),
    { numRuns: 2000 },
  );
  expect(count).toBeGreaterThan(50);
});

test.each([
  ['x@y', true],
  ['', false],
  ['x'.repeat(256), false],
  ['x y', false],
  ['x@', false],
  ['x@y@z', false],
  ['\u001b[2J', false],
])('%s could be one: %s', (text, expected) => {
  expect(isCallId(Buffer.from(text, 'latin1'))).toBe(expected);
});
