// What a forwarded packet costs: the embedded engine beside a bare C loop on the same sockets, NAT, direct
// routing and IPv6, each with 100,000 live connections of which any may be next; and packets a second, as
// fast as the load comes, and how long a packet takes, beside the kernel's own forwarding.
import { setTimeout as settle } from 'node:timers/promises';
import { type Delay, type EngineProcess, Machines, type Mode, type Way } from './forward/machines.ts';
import { median, type Row, row } from './row.ts';

const CONNECTIONS = 100_000;
const RATE = 60_000;
/** Unmeasured at first: neighbours are asked for, the hot code compiled, each connection opened. */
const WARM_SECONDS = (1.2 * CONNECTIONS) / RATE;
/**
 * Short, in turn, and the one in the middle counts: others on the machine add to some, and in some a
 * forwarder woke late, had more in a batch and was cheaper for it.
 */
const ROUNDS = 31;
const STEADY = { rate: RATE, clients: 'any', seconds: 0.1 } as const;
const AS_FAST_AS_IT_GOES = { rate: 0, clients: 'any', seconds: 0.25 } as const;
const HEAP_ROUNDS = 5;
const SETTLE_MS = 3000;
const MODES = {
  nat: 'NAT',
  dr: 'direct routing',
  nat6: 'NAT over IPv6',
} as const;

export async function run(): Promise<Row[]> {
  const machines = new Machines(CONNECTIONS);
  try {
    const engine = await machines.engine();
    for (const mode of Object.keys(MODES) as Mode[]) await warm(machines, engine, mode);
    const { connections } = await engine.statistics();
    if (connections < Object.keys(MODES).length * CONNECTIONS) {
      throw new Error(`there are only ${connections} connections`);
    }
    const costs = await costRows(machines, engine);
    const heap = await heapRow(machines, engine);
    const ours = engine.way('nat');
    const fast = await machines.measure(ours, AS_FAST_AS_IT_GOES);
    const delay = await delayOf(machines, ours);
    await engine.end();
    const bare = await machines.withBareLoop('nat', async (way) => ({
      fast: await machines.measure(way, AS_FAST_AS_IT_GOES),
      delay: await delayOf(machines, way),
    }));
    const kernelWay = machines.kernelWay();
    const kernel = {
      fast: await machines.measure(kernelWay, AS_FAST_AS_IT_GOES),
      delay: await delayOf(machines, kernelWay),
    };
    const fastRow = (theirs: string, perSecond: number) =>
      row({
        name: `forwarded, load as fast as it comes (theirs: ${theirs})`,
        ours: fast.perSecond,
        theirs: perSecond,
        unit: 'packets/s',
      });
    const [loop, forwarding] = ['a bare C loop', 'the kernel’s ip_forward'];
    return [
      ...costs,
      heap,
      fastRow(loop, bare.fast.perSecond),
      fastRow(forwarding, kernel.fast.perSecond),
      ...delayRows(delay, loop, bare.delay),
      ...delayRows(delay, forwarding, kernel.delay),
    ];
  } finally {
    await machines.remove();
  }
}

async function warm(machines: Machines, engine: EngineProcess, mode: Mode): Promise<void> {
  const way: Way = engine.way(mode);
  // The first packet asks who the server is.
  await machines.measure(way, STEADY);
  await machines.measure(way, { rate: RATE, clients: 'each', seconds: WARM_SECONDS });
}

async function costRows(machines: Machines, engine: EngineProcess): Promise<Row[]> {
  const modes = Object.keys(MODES) as Mode[];
  const cost = new Map(modes.map((mode) => [mode, { ours: [] as number[], bare: [] as number[] }]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [mode, { ours, bare }] of cost) {
      const figure = await machines.withBareLoop(mode, (way) => machines.measure(way, STEADY));
      bare.push(figure.cpuUs);
      ours.push((await machines.measure(engine.way(mode), STEADY)).cpuUs);
    }
  }
  return [...cost].map(([mode, { ours, bare }]) =>
    row({
      name: `CPU per packet of ${CONNECTIONS} connections, ${MODES[mode]} (theirs: a bare C loop)`,
      ours: median(ours),
      theirs: median(bare),
      unit: 'µs',
      bound: 'ratio ≤ 1.3',
    }),
  );
}

/** The one in the middle: now and then the garbage of the questions is collected, or code compiled. */
async function heapRow(machines: Machines, engine: EngineProcess): Promise<Row> {
  const each: number[] = [];
  for (let round = 0; round < HEAP_ROUNDS; round++) {
    const before = await engine.statistics();
    const { frames } = await machines.measure(engine.way('nat'), { ...AS_FAST_AS_IT_GOES, seconds: 1 });
    each.push(((await engine.statistics()).heapBytes - before.heapBytes) / frames);
  }
  return row({
    name: 'JavaScript heap allocated per packet by the engine’s thread, median',
    ours: median(each),
    unit: 'bytes',
    bound: '< 1',
  });
}

/** A lone packet is not to wait behind what is left of the load before it. */
async function delayOf(machines: Machines, way: Way): Promise<Delay> {
  await settle(SETTLE_MS);
  return machines.delay(way);
}

function delayRows(ours: Delay, name: string, theirs: Delay): Row[] {
  return (['p50', 'p99'] as const).map((quantile) =>
    row({
      name: `a lone packet from cable to cable, ${quantile} (theirs: ${name})`,
      ours: ours[quantile],
      theirs: theirs[quantile],
      unit: 'µs',
    }),
  );
}
