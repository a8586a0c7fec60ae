// What as many virtual routers as one link can have cost: processor time of all processes of a director, of
// the MASTER of all of them and of their BACKUP, at adverts each 100 ms. Ours and keepalived's at the same
// time; how many adverts were on the wire says that both did the same work.
import { pause, type Side } from '../linux/elector-pair.ts';
import { advertsIn, besides, type Directors, type Router } from './directors.ts';
import { processorSeconds } from './footprint.ts';
import { type Row, row } from './row.ts';

const ROUTERS: readonly Router[] = Array.from({ length: 255 }, (_, i) => ({
  name: `VI_${i + 1}`,
  vrid: i + 1,
  advertSeconds: 0.1,
  vip: `10.2.0.${i + 1}`,
}));
/** What runs for the first time, and what is told after a takeover, is not what is measured here. */
const SETTLING_MS = 15_000;
const SECONDS = 20;

type Figures = Record<Side, number> & { adverts: number; masters: number };

export async function run(): Promise<Row[]> {
  const { ours, theirs } = await besides(ROUTERS, async (ours, theirs) => {
    await Promise.all([ours.started(), theirs.started()]);
    await pause(SETTLING_MS);
    const [first, second] = await Promise.all([measure(ours), measure(theirs)]);
    return { ours: first, theirs: second };
  });
  const name = `${ROUTERS.length} virtual routers, advert 100 ms`;
  const both = (figure: keyof Figures) => ({ ours: ours[figure], theirs: theirs[figure] });
  const bound = '≤ 15';
  return [
    row({ name: `${name}: processor time of their MASTER`, unit: '% of a core', ...both('a'), bound }),
    row({ name: `${name}: processor time of their BACKUP`, unit: '% of a core', ...both('b'), bound }),
    row({ name: `${name}: adverts on the wire`, unit: 'a second', ...both('adverts') }),
    row({ name: `${name}: directors that sent any`, unit: 'of 2', ...both('masters'), bound: '1' }),
  ];
}

async function measure(directors: Directors): Promise<Figures> {
  const capture = await directors.pair.capture('ip proto 112');
  const spent = (side: Side) => processorSeconds(directors.pid(side));
  const before = { a: spent('a'), b: spent('b'), atMs: performance.now() };
  await pause(SECONDS * 1000);
  const seconds = (performance.now() - before.atMs) / 1000;
  const percent = (side: Side) => (100 * (spent(side) - before[side])) / seconds;
  const adverts = advertsIn(capture);
  const masters = new Set(adverts.map(({ from }) => from)).size;
  return { a: percent('a'), b: percent('b'), adverts: adverts.length / seconds, masters };
}
