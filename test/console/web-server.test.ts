// HTTP for who only looks: what is answered, and that nobody can make it work without end.
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type Pages, WebServer } from '../../src/console/web-server.ts';
import { address } from '../../src/core/address.ts';

const LOOPBACK = address('127.0.0.1');
/** Another one for each test: fetch keeps connections. */
let port = 40_000 + (process.pid % 10_000);
const at = () => `http://127.0.0.1:${port}`;
let web: WebServer | undefined;

async function open(pages: Pages): Promise<void> {
  port++;
  web = await WebServer.open({ address: LOOPBACK, port }, pages);
}
const page = (made: string) => ({ contentType: 'text/plain; charset=utf-8', text: made });
afterEach(() => web?.close());

test('a page; what there is else; that nothing can be changed', async () => {
  await open({ '/metrics': async () => page('a 1\n') });
  const answer = await fetch(`${at()}/metrics?from=here`);
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(await answer.text()).toBe('a 1\n');
  const head = await fetch(`${at()}/metrics`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  const lost = await fetch(`${at()}/constructor`);
  expect([lost.status, await lost.text()]).toEqual([404, 'nothing is here; there is /metrics\n']);
  expect((await fetch(`${at()}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405);
});

test('a page that cannot be made is 503, with the reason', async () => {
  await open({ '/metrics': () => Promise.reject(new Error('the director does not answer')) });
  const answer = await fetch(`${at()}/metrics`);
  expect([answer.status, await answer.text()]).toEqual([503, 'the director does not answer\n']);
});

test('however many ask: it is made once while it is new, and for a tenth of the time', async () => {
  let made = 0;
  await open({
    '/metrics': async () => {
      made++;
      await wait(100);
      return page(String(made));
    },
  });
  const ask = async () => (await fetch(`${at()}/metrics`)).text();
  expect(await Promise.all(Array.from({ length: 8 }, ask))).toEqual(Array(8).fill('1'));
  const beganMs = performance.now();
  while ((await ask()) === '1') await wait(10);
  expect(performance.now() - beganMs).toBeGreaterThan(800);
  expect(made).toBe(2);
});

test('connections that say nothing do not keep others out for ever, and a close ends them', async () => {
  await open({ '/metrics': async () => page('') });
  const silent = Array.from({ length: 16 }, () => connect(port, '127.0.0.1'));
  await Promise.all(silent.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  const refused = connect(port, '127.0.0.1');
  refused.write('GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  expect(await text(refused).catch(() => '')).toBe('');
  await web!.close();
  web = undefined;
  await Promise.all(silent.map((socket) => new Promise((resolve) => socket.resume().once('close', resolve))));
});

test('where it cannot listen it says so', async () => {
  await open({});
  await expect(WebServer.open({ address: LOOPBACK, port }, {})).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
