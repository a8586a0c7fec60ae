// Services whose instance leaves the file with them: how long they stay. By itself, and by a director on this
// machine's network with the embedded engine.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Address, address } from '../../src/core/address.ts';
import { Lingering } from '../../src/daemon/lingering.ts';
import { of, service, tableOf } from '../ipvs/tables.ts';
import { makeNamespace, TestDirector } from './director.ts';

const serviceAt = (host: number) => service(`10.0.0.${host}`, 80, []);
const at = (...hosts: number[]): ReadonlySet<Address> =>
  new Set(hosts.map((host) => address(`10.0.0.${host}`)));

describe('what is held', () => {
  const applied: string[][] = [];
  const lingering = new Lingering(async (table) => {
    applied.push([...table.values()].map((one) => ('address' in one ? `${one.address}:${one.port}` : '')));
  });
  const last = () => applied.at(-1)!.toSorted();

  test('stays while it is held, and only that; what is wanted anew is what it becomes', async () => {
    await lingering.want(tableOf(serviceAt(50), serviceAt(51), serviceAt(52)));
    await lingering.hold(at(51, 52));
    expect(applied).toHaveLength(1);
    await lingering.want(tableOf(serviceAt(53)));
    expect(last()).toEqual(['10.0.0.51:80', '10.0.0.52:80', '10.0.0.53:80']);
    await lingering.want(tableOf(serviceAt(52), serviceAt(53)));
    expect(last()).toEqual(['10.0.0.51:80', '10.0.0.52:80', '10.0.0.53:80']);
  });

  test('goes when it is let go of, each address by itself', async () => {
    await lingering.want(tableOf());
    await lingering.hold(at(51));
    expect(last()).toEqual(['10.0.0.51:80']);
    await lingering.hold(at());
    expect(last()).toEqual([]);
    const times = applied.length;
    await lingering.hold(at());
    expect(applied).toHaveLength(times);
  });

  test('services by mark have no address, and go at once', async () => {
    const marked = of({ mark: 7, family: 4 }, []);
    await lingering.want(tableOf(marked, serviceAt(50)));
    await lingering.hold(at(50));
    await lingering.want(tableOf());
    expect(last()).toEqual(['10.0.0.50:80']);
  });
});

const namespace = { name: `lvsd-lingering-${process.pid}`, remove: () => {} };
let director: TestDirector;
beforeAll(() => Object.assign(namespace, makeNamespace(namespace.name)));
afterAll(() => namespace.remove());
afterEach(() => director?.remove());

const BOTH = [1, 2];
const configuration = (numbers: readonly number[]) =>
  [
    `director {
    runtime_directory ${director.directory}
    engine embedded
}`,
    ...numbers.map(
      (number) => `vrrp_instance VI_${number} {
    interface eth0
    virtual_router_id 5${number}
    version 3
    advert_int 0.1
    virtual_ipaddress {
        10.77.0.5${number}/24
    }
}
virtual_server 10.77.0.5${number} 80 {
    lb_kind NAT
    protocol TCP
    real_server 10.77.0.21 80 {
    }
}`,
    ),
  ].join('\n');

test('an instance that leaves the file with its services goes first', async () => {
  director = new TestDirector(namespace.name, '');
  director.write(configuration(BOTH));
  for (const number of BOTH) {
    await director.line({ event: 'vrrp.state', msg: `(VI_${number}) Entering MASTER STATE` });
  }
  const from = director.lines.length;
  director.write(configuration([1]));
  director.signal('SIGHUP');
  await director.line({ event: 'vrrp.state', instance: 'VI_2', to: 'INIT' }, { from });
  await director.line({ event: 'ipvs.applied' }, { from });
  const told = director.lines.slice(from).flatMap(({ event, to }) => {
    if (event === 'ipvs.applied') return ['the table changes'];
    return event === 'vrrp.state' ? [to] : [];
  });
  expect(told).toEqual(['LEAVING', 'INIT', 'the table changes']);
});
