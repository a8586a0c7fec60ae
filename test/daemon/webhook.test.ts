// Events posted to a real server that does not always take them.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { Notice } from '../../src/core/events.ts';
import { Webhook } from '../../src/daemon/webhook.ts';
import type { Happening } from '../../src/director/notify.ts';

type Answer = number | 'never';
const bodies: Record<string, unknown>[] = [];
const notices: Notice[] = [];
let server: Server;
let webhook: Webhook;

afterEach(() => {
  webhook.close();
  server.closeAllConnections();
  server.close();
  bodies.length = 0;
  notices.length = 0;
});

/** Answers as `answers` say, then 204. */
async function start(answers: Answer[]): Promise<void> {
  server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      bodies.push({ ...JSON.parse(text), type: request.headers['content-type'], method: request.method });
      const answer = answers.shift() ?? 204;
      if (answer !== 'never') response.writeHead(answer).end('thank you');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/very/secret`;
  webhook = new Webhook({ url, timeoutMs: 200 }, (notice) => notices.push(notice));
}

const happening = (word: Happening['word']): Happening => ({
  kind: 'INSTANCE',
  name: 'VI_1',
  word,
  priority: 150,
});

async function idle(): Promise<void> {
  while (!webhook.isIdle) await wait(10);
}

test('what happens is posted as JSON, one after the other', async () => {
  await start([]);
  webhook.tell(happening('BACKUP'));
  webhook.tell(happening('MASTER'));
  await idle();
  expect(bodies).toMatchObject([
    { kind: 'INSTANCE', name: 'VI_1', state: 'BACKUP', priority: 150, method: 'POST' },
    { state: 'MASTER', type: 'application/json' },
  ]);
  expect(Date.parse(String(bodies[0]!.time))).toBeLessThanOrEqual(Date.now());
  expect(notices).toEqual([]);
});

test('who refuses or does not answer is asked again, in order, and no log shows the secret', async () => {
  await start([503, 'never']);
  webhook.tell(happening('BACKUP'));
  webhook.tell(happening('MASTER'));
  await idle();
  expect(bodies.map(({ state }) => state)).toEqual(['BACKUP', 'BACKUP', 'BACKUP', 'MASTER']);
  expect(notices.map(({ message }) => message.replace(/:\d+/, ''))).toEqual([
    'webhook at 127.0.0.1: it answered 503: tried again',
    expect.stringMatching(/^webhook at 127\.0\.0\.1: .*tried again$/),
  ]);
  expect(JSON.stringify(notices)).not.toContain('secret');
});

test('closing ends what is under way', async () => {
  await start(['never']);
  webhook.tell(happening('STOP'));
  await wait(50);
  const started = performance.now();
  webhook.close();
  await idle();
  expect(performance.now() - started).toBeLessThan(100);
});

test('of too many the oldest are left out, and it is said', async () => {
  await start(['never', 'never']);
  for (let n = 0; n < 70; n++) webhook.tell(happening('MASTER'));
  expect(notices.map(({ message }) => message.includes('oldest is left out'))).toEqual(Array(5).fill(true));
});
