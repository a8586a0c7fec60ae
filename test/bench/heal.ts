// How long a client goes on with the loser after a split has healed: until its neighbour entry has the
// winner's MAC again. Ours with ours, ours as the winner over keepalived, and keepalived with keepalived, in
// namespaces of this machine.
import { DEVICE, instance, Pair, pause, type Side, settings, until, VIP } from '../linux/elector-pair.ts';
import { median, type Row, row } from './row.ts';

const SPLITS = 20;
/** keepalived's client may believe the loser until its entry ages: no need to wait for that. */
const LIMIT_MS = 3000;
const WANTED_MS = 150;
const PRIORITY = { a: 150, b: 100 } as const;
type Start = (pair: Pair, side: Side) => unknown;

const ours: Start = (pair, side) => pair.elector(settings({ priority: PRIORITY[side] }), side);
const keepalived: Start = (pair, side) =>
  pair.keepalivedWith(
    `global_defs {\nvrrp_version 3\n}\nvrrp_instance K {\nstate BACKUP\ninterface ${DEVICE}
virtual_router_id 51\nadvert_int 0.1\npriority ${PRIORITY[side]}
virtual_ipaddress {\n${VIP}/24 dev ${DEVICE}\n}\n}\n`,
    side,
  );

export async function run(): Promise<Row[]> {
  const alone = await measure(ours, ours);
  const mixed = await measure(ours, keepalived);
  const theirs = await measure(keepalived, keepalived);
  const name = `split heals, advert ${instance().advertMs} ms`;
  const rows = (which: string, figures: readonly number[]) => [
    row({
      name: `${name}, ${which}: longest of ${SPLITS}`,
      unit: 'ms',
      ours: Math.max(...figures),
      theirs: Math.max(...theirs),
      bound: `≤ ${WANTED_MS}`,
    }),
    row({ name: `${name}, ${which}: median`, unit: 'ms', ours: median(figures), theirs: median(theirs) }),
    row({
      name: `${name}, ${which}: longer than ${WANTED_MS} ms`,
      unit: `of ${SPLITS}`,
      ours: late(figures),
      theirs: late(theirs),
    }),
  ];
  return [...rows('ours with ours', alone), ...rows('ours with keepalived', mixed)];
}

const late = (figures: readonly number[]) => figures.filter((ms) => ms > WANTED_MS).length;

/** `a` is the better one. */
async function measure(startA: Start, startB: Start): Promise<number[]> {
  const pair = new Pair();
  const tookMs: number[] = [];
  try {
    pair.addClient('10.1.0.9/24');
    startA(pair, 'a');
    startB(pair, 'b');
    await until('one master', () => pair.has('a') && !pair.has('b'), 10_000);
    for (let split = 0; split < SPLITS; split++) tookMs.push(await splitOnce(pair, split));
  } finally {
    await pair.clear();
    await pair.remove();
  }
  return tookMs;
}

async function splitOnce(pair: Pair, split: number): Promise<number> {
  const [a, b] = [macOf(pair, 'a'), macOf(pair, 'b')];
  await until('one master', () => pair.has('a') && !pair.has('b'));
  await pair.output('c', ['ip', 'neigh', 'flush', 'to', VIP]);
  await pair.output('c', ['ping', '-c', '1', '-W', '1', VIP]);
  pair.part(true);
  await until('the client to believe the loser', () => neighbour(pair) === b);
  await pause(300 + 13 * split); // at every moment of the interval
  pair.part(false);
  const healedAt = performance.now();
  await until('the client to believe the winner', () => neighbour(pair) === a, LIMIT_MS).catch(() => {});
  const ms = performance.now() - healedAt;
  await pause(1000);
  return ms;
}

function macOf(pair: Pair, side: Side): string {
  return JSON.parse(pair.ip(side, '-j', 'link', 'show', DEVICE))[0].address;
}
function neighbour(pair: Pair): string | undefined {
  return JSON.parse(pair.ip('c', '-j', 'neigh', 'show', 'to', VIP) || '[]')[0]?.lladdr;
}
