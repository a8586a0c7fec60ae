// Whose the virtual addresses are: the kernel's, or those of an engine that forwards packets to them. On this
// machine's kernel, with or without IPVS.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ip, makeNamespace, TestDirector } from './director.ts';

const namespace = { name: `lvsd-addresses-${process.pid}`, remove: () => {} };
let director: TestDirector;

beforeAll(() => Object.assign(namespace, makeNamespace(namespace.name)));
afterAll(() => namespace.remove());
afterEach(() => director.remove());

const SERVICE = `virtual_server 10.77.0.50 80 {
    lb_kind DR
    protocol TCP
    real_server 10.77.0.21 80 {
    }
}
`;
const configuration = (own: string, service = '') => `director {
    runtime_directory ${director.directory}
    ${own}
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    version 3
    advert_int 0.1
    virtual_ipaddress {
        10.77.0.50/24
    }
}
${service}`;
const isOurs = () =>
  String(ip('-n', namespace.name, 'addr', 'show', 'dev', 'eth0')).includes('10.77.0.50/24');
async function master(from = 0): Promise<void> {
  await director.line({ event: 'vrrp.state', msg: '(VI_1) Entering MASTER STATE' }, { from });
}

test('with nothing to forward the kernel has them, whatever else it has', async () => {
  director = new TestDirector(namespace.name, '');
  director.write(configuration(''));
  await master();
  await director.line({ event: 'vip.added' });
  expect(isOurs()).toBe(true);
  director.signal('SIGTERM');
  expect(await director.ended).toBe(0);
  expect(isOurs()).toBe(false);
});

test('the embedded engine has them where the file asks for it', async () => {
  director = new TestDirector(namespace.name, '');
  director.write(configuration('engine embedded'));
  await master();
  expect(isOurs()).toBe(false);
});

test('a reload that brings the first service gives them to whoever forwards', async () => {
  director = new TestDirector(namespace.name, '');
  director.write(configuration(''));
  await master();
  await director.line({ event: 'vip.added' });
  const from = director.lines.length;
  director.write(configuration('', SERVICE));
  director.signal('SIGHUP');
  await director.line({ event: 'config.loaded' }, { from });
  const { engine } = await director.line({ event: 'ipvs.engine' });
  if (engine === 'embedded') await master(from);
  expect(isOurs()).toBe(engine === 'kernel');
});
