// `lvs_sync_daemon_interface` of an instance is `lvs_sync_daemon` with that instance.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planSync } from '../../src/director/plan.ts';

function read(global: string, ...words: string[]) {
  const instance = (own: string, i: number) => {
    const head = `interface e\nvirtual_router_id ${i + 1}\n${own}`;
    return `vrrp_instance V${i} {\n${head}\nvirtual_ipaddress { 10.0.0.${i} }\n}\n`;
  };
  const text = `global_defs { ${global} }\n${words.map(instance).join('')}`;
  const { configuration, diagnostics } = readConfiguration([{ name: 'x', text }], { compat: true });
  return { sync: planSync(configuration!), codes: diagnostics.map(({ code }) => code) };
}
const OLD = 'lvs_sync_daemon_interface eth1';

test('the instance that names it decides', () => {
  expect(read('', '', OLD)).toEqual({
    sync: { instance: 'V1', daemon: { interface: 'eth1', id: 2 } },
    codes: ['CFG_DEPRECATED'],
  });
});

test('there is one: the first, and that of global_defs before all', () => {
  const both = read('', OLD, 'lvs_sync_daemon_interface eth2');
  expect(both).toMatchObject({ sync: { instance: 'V0' }, codes: ['CFG_DEPRECATED', 'CFG_DUPLICATE'] });
  expect(read('lvs_sync_daemon eth3 V1', OLD, '')).toMatchObject({
    sync: { instance: 'V1', daemon: { interface: 'eth3' } },
    codes: ['CFG_DUPLICATE'],
  });
});
