// A master is gone at once: its cable is silent and all its processes are dead, so that neither a last word
// nor the end of a lease helps. How long until somebody answers a ping of the address again, as the client's
// kernel stamps the answers. Adverts each 10 ms, ours and keepalived's in turn.
import { type Capture, pause, until, VIP } from '../linux/elector-pair.ts';
import { answersIn, besides, type Directors, type Router } from './directors.ts';
import { median, type Row, row } from './row.ts';

const CRASHES = 20;
const ROUTER: Router = { name: 'VI_1', vrid: 51, advertSeconds: 0.01, vip: VIP };
const PING_SECONDS = 0.002;
/** RFC 9568 §6.1: three adverts and the skew of priority 100. */
const WAIT_MS = 30 + ((256 - 100) / 256) * 10;
const ANSWERED_WITHIN_MS = 3_000;
const WANTED_MS = 60;

export async function run(): Promise<Row[]> {
  const figures = await besides([ROUTER], measure);
  const name = `crash at advert 10 ms (the protocol waits ${WAIT_MS.toFixed(1)} ms): address answered again`;
  const both = (figure: (values: readonly number[]) => number) => ({
    ours: figure(figures.ours),
    theirs: figure(figures.theirs),
  });
  const longest = both((values) => Math.max(...values));
  return [
    row({ name: `${name}, median of ${CRASHES}`, unit: 'ms', ...both(median), bound: `≤ ${WANTED_MS}` }),
    row({ name: `${name}, longest`, unit: 'ms', ...longest, bound: `≤ ${WANTED_MS}` }),
  ];
}

async function measure(ours: Directors, theirs: Directors): Promise<{ ours: number[]; theirs: number[] }> {
  const captures = [];
  for (const directors of [ours, theirs]) {
    directors.pair.addClient('10.1.0.9/24');
    await directors.started();
    captures.push(await client(directors));
  }
  const figures = { ours: [] as number[], theirs: [] as number[] };
  for (let crash = 0; crash < CRASHES; crash++) {
    figures.ours.push(await crashOnce(ours, captures[0]!, crash));
    figures.theirs.push(await crashOnce(theirs, captures[1]!, crash));
  }
  return figures;
}

/** Asks for the address all the time. */
async function client({ pair }: Directors): Promise<Capture> {
  const capture = await pair.capture('icmp', 'br0', [], 'c');
  pair.run('c', ['ping', '-n', '-q', '-i', `${PING_SECONDS}`, VIP]);
  await until('an answer', () => answersIn(capture).length > 0);
  return capture;
}

async function crashOnce(directors: Directors, capture: Capture, crash: number): Promise<number> {
  const { pair } = directors;
  await pause(300 + 3.7 * crash); // at every moment of the interval
  capture.lines.length = 0;
  await pause(100);
  const cutAtMs = Date.now();
  pair.ip('c', 'link', 'set', 'to-a', 'nomaster');
  directors.kill('a');
  await until(
    'an answer',
    () => answersIn(capture).some((atMs) => atMs > cutAtMs + WAIT_MS),
    ANSWERED_WITHIN_MS,
  );
  await pause(200);
  const answers = answersIn(capture);
  await rejoin(directors);
  return Math.max(...answers.slice(1).map((atMs, i) => atMs - answers[i]!));
}

/** As after a reboot: nothing is left of it. */
async function rejoin(directors: Directors): Promise<void> {
  const { pair } = directors;
  pair.ip('a', 'addr', 'del', `${VIP}/32`, 'dev', 'v0');
  pair.ip('c', 'link', 'set', 'to-a', 'master', 'br0');
  directors.start('a');
  await directors.isMaster('a');
}
