// What the elector does to this machine's kernel, and what it makes of what others do: addresses, links,
// signals, rights.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { ADDRESS, DEVICE, Pair, pause, settings, until, VIP } from './elector-pair.ts';

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterEach(() => pair.clear());
afterAll(() => pair.remove());

const six = { address: address('fd00::50'), prefixLength: 64, interface: DEVICE, scope: 0 };
const four = { address: address(VIP), prefixLength: 24, interface: DEVICE, scope: 0 };

describe('an address is a lease', () => {
  test('kept up while the elector lives, gone by itself when it was killed', async () => {
    const ours = pair.elector(settings({ excludedVips: [six] }, { leaseSeconds: 1 }));
    await ours.is('MASTER');
    expect(pair.addressOf('a', VIP)).toMatchObject({ valid_life_time: 1 });
    // Never the source of what the director sends itself: real servers may have the address too.
    expect(pair.addressOf('a', 'fd00::50')).toMatchObject({ preferred_life_time: 0 });
    await pause(1500); // without renewal it would be gone
    expect([pair.has('a'), pair.has('a', 'fd00::50')]).toEqual([true, true]);
    ours.kill();
    await until('the lease to run out', () => !pair.has('a') && !pair.has('a', 'fd00::50'), 3000);
    expect(pair.has('a', ADDRESS.a)).toBe(true);
  });

  test('without end when asked for, and removed at a stop', async () => {
    const ours = pair.elector(settings({}, { leaseSeconds: 0 }));
    await ours.is('MASTER');
    expect(pair.addressOf('a', VIP)?.valid_life_time).toBeGreaterThan(1e9);
    ours.send({ type: 'stop' });
    await ours.ended();
    expect(pair.has('a')).toBe(false);
  });

  test('taken away by somebody else it comes back, and the link is told', async () => {
    const ours = pair.elector(settings());
    await ours.is('MASTER');
    const capture = await pair.capture('arp');
    pair.ip('a', 'addr', 'del', `${VIP}/24`, 'dev', DEVICE);
    await until('the address', () => pair.has('a'));
    await until('a gratuitous ARP', () => capture.matching(new RegExp(`tell ${VIP}`)).length > 0);
  });
});

describe('an address that is there already', () => {
  test("permanent: the machine's own, neither given an end nor taken away", async () => {
    pair.ip('a', 'addr', 'add', `${VIP}/24`, 'dev', DEVICE);
    const ours = pair.elector(settings());
    await ours.is('MASTER');
    await until('the notice', () => ours.notices.some((text) => text.includes('there before us')));
    ours.send({ type: 'stop' });
    await ours.ended();
    expect(pair.addressOf('a', VIP)?.valid_life_time).toBeGreaterThan(1e9);
  });

  test('with an end: left by a former director, and not kept by a backup', async () => {
    pair.ip('a', 'addr', 'add', `${VIP}/24`, 'dev', DEVICE, 'valid_lft', '60', 'preferred_lft', '60');
    const other = pair.elector(settings({ priority: 200 }), 'b');
    await other.is('MASTER');
    const ours = pair.elector(settings());
    await until('the leftover to go', () => !pair.has('a'));
    await ours.is('BACKUP');
    expect(ours.states).toEqual(['BACKUP']);
  });
});

describe('what a killed director leaves', () => {
  test('a guardian resigns for it, and takes the address away when the peer is heard', async () => {
    const mine = settings({}, { leaseSeconds: 60 });
    const ours = pair.elector(mine);
    await ours.is('MASTER');
    const keepalived = pair.keepalived(['advert_int 0.1', 'priority 100']);
    await keepalived.says('Entering BACKUP STATE');
    await pause(300);
    const capture = await pair.capture('ip proto 112');
    ours.kill();
    const startedAt = performance.now();
    pair.guardian(mine, ['VI_1']);
    expect(performance.now() - startedAt).toBeLessThan(2500); // Node's own start included
    await keepalived.says('Entering MASTER STATE');
    expect([pair.has('a'), pair.has('b')]).toEqual([false, true]);
    await until('its resignation', () => capture.matching(/prio 0,/).length > 0);
    expect(capture.matching(/prio 0,/)).toHaveLength(1);
  });
});

describe('links', () => {
  test('without link FAULT, then backup and master again', async () => {
    const ours = pair.elector(settings());
    await ours.is('MASTER');
    pair.ip('b', 'link', 'set', DEVICE, 'down'); // the other end of the cable
    await ours.is('FAULT');
    expect(pair.has('a')).toBe(false);
    pair.ip('b', 'link', 'set', DEVICE, 'up');
    await ours.is('MASTER');
    expect(ours.states).toEqual(['BACKUP', 'MASTER', 'FAULT', 'BACKUP', 'MASTER']);
  });

  test('waits for an interface, and for its address; one that comes back is listened on again', async () => {
    const ours = pair.elector(settings({ interface: 'd0', vips: [{ ...four, interface: 'd0' }] }));
    await ours.is('FAULT');
    for (const host of ['10.9.0.1/24', '10.9.0.2/24']) {
      pair.ip('a', 'link', 'add', 'd0', 'type', 'veth', 'peer', 'name', 'd1');
      pair.ip('a', 'link', 'set', 'd1', 'up');
      pair.ip('a', 'link', 'set', 'd0', 'up');
      pair.ip('a', 'addr', 'add', host, 'dev', 'd0');
      await ours.is('MASTER');
      pair.ip('a', 'link', 'del', 'd0');
      await ours.is('FAULT');
    }
  });

  test('a tracked interface counts like its own', async () => {
    const ours = pair.elector(settings({ trackInterfaces: ['lo'] }));
    await ours.is('MASTER');
    pair.ip('a', 'link', 'set', 'lo', 'down');
    await ours.is('FAULT');
    pair.ip('a', 'link', 'set', 'lo', 'up');
    await ours.is('MASTER');
  });
});

describe('a reload', () => {
  test('adds and removes addresses of a master in place, and lets an instance go', async () => {
    const ours = pair.elector(settings());
    await ours.is('MASTER');
    const other = { ...four, address: address('10.1.0.101') };
    ours.send({ type: 'configure', settings: settings({ vips: [other] }) });
    await until('the change', () => pair.has('a', '10.1.0.101') && !pair.has('a'));
    expect(ours.states).toEqual(['BACKUP', 'MASTER']);
    ours.send({ type: 'configure', settings: { ...settings(), instances: [] } });
    await until('it to go', () => !pair.has('a', '10.1.0.101'));
    // The kernel shows it before the report of it has come through the pipe.
    await ours.is('INIT');
    expect(ours.exitCode).toBeUndefined();
  });
});

describe('the process', () => {
  test('paused for longer than its peer waits, leaves the service to the peer', async () => {
    const ours = pair.elector(settings({ preempt: false }));
    await ours.is('MASTER');
    const keepalived = pair.keepalived(['advert_int 0.1', 'priority 100', 'nopreempt']);
    await keepalived.says('Entering BACKUP STATE');
    await pause(200);
    process.kill(-ours.child.pid!, 'SIGSTOP');
    await keepalived.says('Entering MASTER STATE');
    await pause(300);
    keepalived.forget();
    process.kill(-ours.child.pid!, 'SIGCONT');
    await ours.is('BACKUP');
    await until('our address to go', () => !pair.has('a'));
    expect(ours.states).toEqual(['BACKUP', 'MASTER', 'LEAVING', 'BACKUP']);
    expect(keepalived.log.filter((line) => line.includes('BACKUP STATE'))).toEqual([]);
  });

  test('ends at once when it has to, whatever its elector waits for', async () => {
    const ours = pair.elector({ ...settings(), instances: [] }); // no deadline at all
    await until('the start', () => ours.reports.some((report) => report.type === 'running'));
    ours.send('exit');
    await ours.ended();
    expect(ours.exitCode).toBe(3);
  });

  test('without the right to real-time priority says so once and goes on', async () => {
    const wrapper = ['setpriv', '--bounding-set=-sys_nice', '--inh-caps=-sys_nice'];
    const ours = pair.elector(settings(), 'a', wrapper);
    await ours.is('MASTER');
    expect(ours.notices.filter((text) => text.includes('no real-time priority'))).toHaveLength(1);
    expect(ours.reports).toContainEqual(expect.objectContaining({ type: 'running', realtime: false }));
  });

  test('without the right to raw sockets fails, and says what is missing', async () => {
    const ours = pair.elector(settings(), 'a', ['setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw']);
    await ours.ended();
    expect(ours.reports).toContainEqual(expect.objectContaining({ type: 'failed', code: 'NETLINK_DENIED' }));
  });
});

test('a snapshot tells states, counters and who was heard', async () => {
  const ours = pair.elector(settings({ priority: 90 }));
  const keepalived = pair.keepalived(['advert_int 0.2', 'priority 100']);
  await keepalived.says('Entering MASTER STATE');
  const status = await until('the second advert', () => {
    ours.send({ type: 'snapshot', id: 7 });
    const last = ours.reports.findLast((report) => report.type === 'snapshot');
    const [instance] = last?.type === 'snapshot' ? last.instances : [];
    return (instance?.counters.advertsReceived ?? 0) > 1 && instance;
  });
  expect(status).toMatchObject({ state: 'BACKUP', lastMaster: { address: ADDRESS.b, priority: 100 } });
  expect(status.counters['interval-differs']).toBe(status.counters.advertsReceived);
  expect(ours.notices.filter((text) => text.includes('at another interval'))).toHaveLength(1);
});
