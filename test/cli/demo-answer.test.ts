// What the demo's client takes for an answer, and what it does not.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readAnswer, requestText } from '../../src/cli/demo/answer.ts';

const body = '{"server":"rs2","count":7}';
const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nContent-Length: 26\r\nDate: today\r\n\r\n';
const whole = head + body;

test('an answer is complete with its last byte, not before', () => {
  for (let length = 0; length < whole.length; length++) {
    expect(readAnswer(whole.slice(0, length)), `${length} bytes`).toBe('incomplete');
  }
  expect(readAnswer(whole)).toEqual({ server: 'rs2', count: 7 });
});

test.each([
  ['two answers to one request', whole + whole],
  ['another status', whole.replace('200 OK', '502 Bad Gateway')],
  ['no length', whole.replace('Content-Length: 26\r\n', '')],
  ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['no JSON', head + 'x'.repeat(26)],
  ['JSON of somebody else', head + '{"server":"rs2","count":"7}'.slice(0, 25).padEnd(26, '}')],
  ['a head without end', `HTTP/1.1 200 OK\r\n${'x'.repeat(5_000)}`],
])('%s is broken', (_, text) => {
  expect(readAnswer(text)).toBe('broken');
});

test('whatever comes, it is judged and nothing is thrown', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(whole.length), (junk, at) => {
      const answer = readAnswer(whole.slice(0, at) + junk);
      if (typeof answer === 'string') expect(['incomplete', 'broken']).toContain(answer);
      else expect(answer.server).toBeTypeOf('string');
    }),
  );
});

test('a request says whether it is the last one of its connection', () => {
  expect(requestText('10.0.0.50', '/session/3', true)).toBe(
    'GET /session/3 HTTP/1.1\r\nHost: 10.0.0.50\r\nConnection: keep-alive\r\n\r\n',
  );
  expect(requestText('10.0.0.50', '/', false)).toContain('Connection: close\r\n');
});
