// Nobody takes over while nothing is wrong: adverts each 10 ms with every processor busy, 20 seconds, or ten
// minutes with `--all`. Ours and keepalived's at the same time, with real-time priority; adverts as the
// peer's kernel stamps them.
import { pause, VIP } from '../linux/elector-pair.ts';
import { advertsIn, besides, type Directors, type Heard, type Router, underLoad } from './directors.ts';
import { type Row, row } from './row.ts';

const ROUTER: Router = { name: 'VI_1', vrid: 51, advertSeconds: 0.01, vip: VIP };
const SETTLING_MS = 2_000;
const SECONDS = { short: 20, all: 600 };

export async function run(all = process.argv.includes('--all')): Promise<Row[]> {
  const seconds = all ? SECONDS.all : SECONDS.short;
  const heard = await besides([ROUTER], async (ours, theirs) => {
    await Promise.all([ours.started(), theirs.started()]);
    await pause(SETTLING_MS);
    return await underLoad(async () => {
      const [first, second] = await Promise.all([listen(ours, seconds), listen(theirs, seconds)]);
      return { ours: first, theirs: second };
    });
  });
  const name = `advert 10 ms, all CPUs busy for ${seconds} s`;
  const both = (figure: (adverts: readonly Heard[]) => number) => ({
    ours: figure(heard.ours),
    theirs: figure(heard.theirs),
  });
  return [
    row({ name: `${name}: changes of who advertises`, unit: '', ...both(changesOfMaster), bound: '0' }),
    row({
      name: `${name}: longest time between two adverts`,
      unit: 'ms',
      ...both(longestGap),
      bound: '< 36',
    }),
    row({ name: `${name}: adverts`, unit: 'a second', ...both((adverts) => adverts.length / seconds) }),
  ];
}

async function listen({ pair }: Directors, seconds: number): Promise<Heard[]> {
  const capture = await pair.capture('ip proto 112');
  await pause(seconds * 1000);
  return advertsIn(capture);
}

function changesOfMaster(adverts: readonly Heard[]): number {
  return adverts.slice(1).filter(({ from }, i) => from !== adverts[i]!.from).length;
}

function longestGap(adverts: readonly Heard[]): number {
  return Math.max(...adverts.slice(1).map(({ atMs }, i) => atMs - adverts[i]!.atMs));
}
