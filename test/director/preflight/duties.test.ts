// What a file asks of real servers: groups, methods of their own, sorry servers, marks.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../../src/config/read.ts';
import { address } from '../../../src/core/address.ts';
import { type Duty, dutiesAt, dutiesOf, heldAddresses } from '../../../src/director/preflight/duties.ts';

const TEXT = `
vrrp_instance V {
  interface eth0
  virtual_router_id 1
  priority 100
  virtual_ipaddress {
    10.0.0.50
    10.0.0.60
    10.1.0.1/24 dev eth1
  }
}
virtual_server_group web {
  10.0.0.50-51 80
  10.0.0.60 443
  fwmark 7
}
virtual_server group web {
  lb_kind DR
  protocol TCP
  sorry_server 127.0.0.1
  real_server 10.0.0.21 {
  }
  real_server 10.0.0.22 {
    lvs_method TUN
  }
}
virtual_server fwmark 9 {
  lb_kind NAT
  protocol UDP
  sorry_server 10.1.0.99 5353
  real_server 10.1.0.21 53 {
  }
}
`;
const { configuration, diagnostics } = readConfiguration([{ name: 'director.conf', text: TEXT }]);
const shown = ({ server, serverPort, vip, port, protocol, method }: Duty) =>
  `${method.forwarding} ${protocol} ${vip}:${port} ${server}:${serverPort}`;

test('each address of a group, by the method of each server; not what the director does itself', () => {
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(dutiesOf(configuration).duties.map(shown)).toEqual([
    'DR TCP 10.0.0.50:80 10.0.0.21:0',
    'DR TCP 10.0.0.51:80 10.0.0.21:0',
    'DR TCP 10.0.0.60:443 10.0.0.21:0',
    'TUN TCP 10.0.0.50:80 10.0.0.22:0',
    'TUN TCP 10.0.0.51:80 10.0.0.22:0',
    'TUN TCP 10.0.0.60:443 10.0.0.22:0',
  ]);
});

test('the addresses of marks are named by the operator, or asked for', () => {
  expect(dutiesOf(configuration).unnamed).toEqual(['FWM 9']);
  const { duties, unnamed } = dutiesOf(configuration, [address('10.0.0.70')]);
  expect(unnamed).toEqual([]);
  const own = dutiesAt(duties, [address('10.1.0.21'), address('10.1.0.99')]);
  expect(own.map(shown)).toEqual([
    'NAT UDP 10.0.0.70:53 10.1.0.21:53',
    'NAT UDP 10.0.0.70:5353 10.1.0.99:5353',
  ]);
  expect(duties.filter(({ vip }) => vip === '10.0.0.70').map(({ service }) => service)).toContain(
    'group web TCP',
  );
});

test('a gateway is hardly the address of a service', () => {
  expect(heldAddresses(configuration)).toEqual(['10.1.0.1', '10.0.0.50', '10.0.0.60']);
});
