// The words around `unicast_peer`, beside a live keepalived 2.2.7: what goes over the wire, whose adverts
// count, and when an instance is no candidate.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';
import { ADDRESS, DEVICE, type Ours, Pair, pause, type Side, until, VIP } from './elector-pair.ts';

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterEach(() => pair.clear());
afterAll(() => pair.remove());

type Wanted = { priority: number; words: string; vip?: string };
function file({ priority, words, vip = `${VIP}/24` }: Wanted): string {
  const head = `interface ${DEVICE}\nvirtual_router_id 51\npriority ${priority}\nadvert_int 0.1`;
  return `vrrp_instance V {\nversion 3\n${head}\n${words}\nvirtual_ipaddress {\n${vip}\n}\n}\n`;
}
function startOurs(wanted: Wanted): Ours {
  const { configuration } = readConfiguration([{ name: 'file', text: file(wanted) }]);
  return pair.elector(planElector(configuration!, 'kernel'));
}
const peer = (side: Side, more = '') => `unicast_peer {\n${ADDRESS[side]} ${more}\n}\n`;

describe('unicast_ttl, min_ttl', () => {
  test('ours is too far away for keepalived, and keepalived for us', async () => {
    const capture = await pair.capture('ip proto 112 and ip[8] = 3');
    const theirs = pair.keepalivedWith(
      file({ priority: 100, words: `check_unicast_src\nunicast_ttl 3\n${peer('a', 'min_ttl 254')}` }),
    );
    const ours = startOurs({ priority: 150, words: `unicast_ttl 3\n${peer('b', 'min_ttl 254')}` });
    await theirs.says('TTL/HL 3 not in range 254 - 255');
    await theirs.says('Entering MASTER STATE');
    await until('our drop', () => ours.notices.some((text) => text.includes('ttl-out-of-range')));
    for (const side of ['a', 'b'] as const)
      await until(`an advert of ${side}`, () =>
        capture.lines.some((line) => line.includes(` ${ADDRESS[side]} > `)),
      );
  });

  test('in range they follow each other', async () => {
    const theirs = pair.keepalivedWith(
      file({ priority: 100, words: `check_unicast_src\n${peer('a', 'min_ttl 254')}` }),
    );
    const ours = startOurs({ priority: 150, words: `unicast_ttl 254\n${peer('b', 'min_ttl 255')}` });
    await ours.is('MASTER');
    await theirs.says('Entering BACKUP STATE');
    theirs.forget();
    ours.send({ type: 'stop' });
    await theirs.says('Entering MASTER STATE');
    expect(ours.notices.filter((text) => text.includes('dropped'))).toEqual([]);
  });
});

describe('check_unicast_src', () => {
  /** Known by another address than the one it sends from. */
  const wrong = 'unicast_peer {\n10.1.0.77\n}';
  test('without it a stranger is followed, by keepalived, too', async () => {
    pair.ip('b', 'addr', 'add', '10.1.0.77/24', 'dev', DEVICE);
    const theirs = pair.keepalivedWith(file({ priority: 200, words: peer('a') }));
    await theirs.says('Entering MASTER STATE');
    const ours = startOurs({ priority: 150, words: wrong });
    await until('the oddity', () => ours.notices.some((text) => text.includes('is no unicast_peer')));
    await ours.is('BACKUP');
    expect(pair.has('a')).toBe(false);
  });
  test('with it he is not', async () => {
    pair.ip('b', 'addr', 'add', '10.1.0.77/24', 'dev', DEVICE);
    const theirs = pair.keepalivedWith(file({ priority: 200, words: peer('a') }));
    await theirs.says('Entering MASTER STATE');
    const ours = startOurs({ priority: 150, words: `check_unicast_src\n${wrong}` });
    await until('the drop', () => ours.notices.some((text) => text.includes('not-a-peer')));
    await ours.is('MASTER');
  });
});

describe('old_unicast_checksum', () => {
  test('ours is heard by a keepalived that has the word, and it by us', async () => {
    const old = 'old_unicast_checksum';
    const theirs = pair.keepalivedWith(file({ priority: 100, words: `${old}\n${peer('a')}` }));
    await theirs.says('Entering MASTER STATE');
    const ours = startOurs({ priority: 150, words: `${old}\n${peer('b')}` });
    await ours.is('MASTER');
    await theirs.says('Entering BACKUP STATE');
    await pause(500);
    expect([...ours.notices, ...theirs.log].filter((text) => /checksum/i.test(text))).toEqual([]);
  });
  test('it is followed without the word, too', async () => {
    const theirs = pair.keepalivedWith(file({ priority: 200, words: `old_unicast_checksum\n${peer('a')}` }));
    await theirs.says('Entering MASTER STATE');
    const ours = startOurs({ priority: 150, words: peer('b') });
    await until('the oddity', () => ours.notices.some((text) => text.includes('keepalived 1.3.6')));
    await ours.is('BACKUP');
  });
});

describe('FAULT', () => {
  test('unicast_fault_no_peer', async () => {
    const theirs = pair.keepalivedWith(file({ priority: 100, words: 'unicast_fault_no_peer' }));
    const ours = startOurs({ priority: 150, words: 'unicast_fault_no_peer' });
    await theirs.says('Cannot use unicast without any peers - going to fault state');
    await ours.is('FAULT');
  });

  // keepalived 2.2.7 goes on in MASTER: it compares the address with another part of a sockaddr.
  test('track_src_ip: while the source address is away', async () => {
    const ours = startOurs({ priority: 150, words: `mcast_src_ip ${ADDRESS.a}\ntrack_src_ip` });
    await ours.is('MASTER');
    pair.ip('a', 'addr', 'del', `${ADDRESS.a}/24`, 'dev', DEVICE);
    await ours.is('FAULT');
    expect(ours.notices).toContain(`(V) ${DEVICE} has lost ${ADDRESS.a}`);
    pair.ip('a', 'addr', 'add', `${ADDRESS.a}/24`, 'dev', DEVICE);
    await ours.is('MASTER');
  });
});

test('over IPv6 peers are spoken to from an address of their scope', async () => {
  for (const side of ['a', 'b'] as const)
    pair.ip(side, 'addr', 'add', `fd00:10::${side === 'a' ? 1 : 2}/64`, 'dev', DEVICE, 'nodad');
  const vip = 'fd00:10::100/128';
  const capture = await pair.capture('ip6 proto 112');
  const theirs = pair.keepalivedWith(file({ priority: 100, words: 'unicast_peer {\nfd00:10::1\n}', vip }));
  const ours = startOurs({ priority: 150, words: 'unicast_peer {\nfd00:10::2\n}', vip });
  await ours.is('MASTER');
  await until('our adverts', () => capture.matching(/ fd00:10::1 > fd00:10::2: /).length > 3);
  ours.send({ type: 'stop' });
  await theirs.says('Entering MASTER STATE');
  // Its own come from the link-local address, with the hop limit of the kernel.
  await until('their adverts', () => capture.matching(/ fe80::\S+ > fd00:10::1: .*ttl 64/).length > 3);
});
