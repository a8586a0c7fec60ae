// Routes in a VRF, of ours and of the real keepalived, and an instance of ours that speaks through one with a
// keepalived on an interface in it: 2.2.7 takes no instance without interface, whatever its manual says. The
// kernel of most machines that tests run on has no VRF, the guest's has. Tells what each made.
import { DEVICE, Pair, pause, type Side, until } from '../../linux/elector-pair.ts';
import { planOf, routesOf } from '../../linux/routing-tables.ts';
import { Phases } from './phases.ts';

const TABLE = '1042';
const pair = new Pair();
const phases = new Phases();
for (const [side, own] of [
  ['a', '10.1.0.1/24'],
  ['b', '10.1.0.2/24'],
] as const) {
  pair.ip(side, 'link', 'add', 'red', 'type', 'vrf', 'table', TABLE);
  pair.ip(side, 'link', 'set', 'red', 'up');
  pair.ip(side, 'link', 'set', DEVICE, 'master', 'red');
  pair.ip(side, 'addr', 'replace', own, 'dev', DEVICE);
}

function file(where: string, own: string, peer: string, priority: number): string {
  return `vrrp_instance K {
  version 3
  state BACKUP
  ${where}
  virtual_router_id 51
  priority ${priority}
  advert_int 0.1
  unicast_src_ip ${own}
  unicast_peer {
    ${peer}
  }
  virtual_ipaddress {
    10.1.0.100/24 dev ${DEVICE}
  }
  virtual_routes {
    10.5.0.0/16 via 10.1.0.9 vrf red
    10.6.0.0/16 dev ${DEVICE} vrf red
    unreachable 10.7.0.0/16 vrf red metric 7
  }
}
`;
}
const ours = file('vrf red', '10.1.0.1', '10.1.0.2', 150);
const theirs = file(`interface ${DEVICE}`, '10.1.0.2', '10.1.0.1', 100);
const routes = (side: Side) => routesOf(pair, side);

await phases.run('vrf', async () => {
  const capture = await pair.capture('proto 112');
  const keepalived = pair.keepalivedWith(theirs);
  await keepalived.says('Entering MASTER STATE');
  await until('its routes', () => routes('b').length >= 3);
  const made = { theirs: routes('b') };
  keepalived.forget(); // it was BACKUP at its start
  const elector = pair.elector(planOf(ours));
  await elector.is('MASTER');
  await until('our routes', () => routes('a').length >= 3);
  await keepalived.says('Entering BACKUP STATE');
  await until('its end as master', () => routes('b').length === 0);
  keepalived.forget();
  await pause(1000);
  const together = { ours: [...elector.states], theirs: keepalived.log.filter((line) => /STATE/.test(line)) };
  const mine = routes('a');
  const advert = capture.matching(/prio 150/).at(-1);
  elector.send({ type: 'drill', holdMs: 60_000 });
  await keepalived.says('Entering MASTER STATE');
  await elector.is('BACKUP');
  const left = routes('a');
  keepalived.stop();
  await elector.is('MASTER');
  elector.send({ type: 'stop' });
  await elector.ended();
  return { ...made, mine, together, advert, left, atTheEnd: routes('a') };
});

await pair.remove();
phases.finish();
