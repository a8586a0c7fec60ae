// The state of links: asked of the kernel's drivers in a namespace, and what an elector and keepalived make
// of one that comes and goes.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DEVICE, Pair, pause, settings, until } from './elector-pair.ts';

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterEach(() => pair.clear());
afterAll(() => pair.remove());

const far = (state: 'up' | 'down') => pair.ip('b', 'link', 'set', DEVICE, state);

test('a veth has no transceiver, and ethtool and its flags say the same', async () => {
  const { href } = new URL('../../src/linux/trackers/link-state.ts', import.meta.url);
  const program = `
    import { LinkProbes } from '${href}';
    const probes = new LinkProbes();
    const ways = (name) => [probes.MII(name), probes.ETHTOOL(name), probes.IOCTL(name)];
    const of = (name) => ways(name).map((state) => state ?? '-');
    console.log([of('${DEVICE}'), of('none')].join(' '));`;
  const states = () => pair.output('a', [process.execPath, '--input-type=module', '-e', program]);
  expect((await states()).trim()).toBe('-,up,up -,-,-');
  far('down');
  expect((await states()).trim()).toBe('-,down,down -,-,-');
});

test('delays, ours and keepalived: what lasts counts, what does not never was', async () => {
  const links = [{ interface: DEVICE, downMs: 700, upMs: 0, isPolled: false }];
  const ours = pair.elector(settings({ advertMs: 1000 }, { links }));
  await ours.is('MASTER');
  far('down');
  await pause(300);
  far('up');
  await pause(1500); // the kernel tells of a link once a second at most
  expect(ours.states.at(-1)).toBe('MASTER');
  const [before] = [performance.now(), far('down')];
  await ours.is('FAULT');
  const ms = performance.now() - before;
  expect(ms).toBeGreaterThan(650);
  expect(ms).toBeLessThan(1000);
  ours.kill();
  await pair.clear();

  const vip = 'virtual_ipaddress {\n10.1.0.100/24\n}\n';
  const block = `interface ${DEVICE}\nvirtual_router_id 51\nadvert_int 1\n${vip}`;
  const delays = `interface_up_down_delays {\n${DEVICE} 0.7\n}\n`;
  const keepalived = pair.keepalivedWith(`${delays}vrrp_instance K {\nstate BACKUP\n${block}}\n`);
  await keepalived.says('Entering MASTER STATE');
  const near = (state: 'up' | 'down') => pair.ip('a', 'link', 'set', DEVICE, state);
  near('down');
  await pause(300);
  near('up');
  await pause(900);
  expect(keepalived.log.join('\n')).not.toContain('FAULT STATE');
  const [since] = [performance.now(), near('down')];
  await keepalived.says('Entering FAULT STATE');
  expect(performance.now() - since).toBeGreaterThan(650);
  keepalived.forget();
  const [again] = [performance.now(), near('up')];
  await keepalived.says('Entering BACKUP STATE');
  expect(performance.now() - again).toBeLessThan(500); // its manual says: as long as down
});

test('what a poll found counts as well', async () => {
  const links = [{ interface: DEVICE, downMs: 0, upMs: 0, isPolled: true }];
  const ours = pair.elector(settings({}, { links }));
  await ours.is('MASTER');
  const tell = (verdict: 'up' | 'down') =>
    ours.send({ type: 'tracker', tracker: { kind: 'link', name: DEVICE }, verdict });
  tell('down');
  await ours.is('FAULT');
  tell('up');
  await ours.is('MASTER');
  await until('the address', () => pair.has('a'));
});
