// A whole director with a sync group and a tracked file: from the file that somebody writes to, through the
// balancer process, to the elector; across a reload and the death of the balancer.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeNamespace, TestDirector } from './director.ts';

const directory = mkdtempSync(join(tmpdir(), 'lvs-director-tracked-'));
const file = join(directory, 'maintenance');
const namespace = makeNamespace(`lvsd-tracked-${process.pid}`);
afterAll(() => {
  namespace.remove();
  rmSync(directory, { recursive: true, force: true });
});

const instance = (name: string, vrid: number) => `
vrrp_instance ${name} {
    interface eth0
    virtual_router_id ${vrid}
    priority 150
    version 3
    advert_int 0.1
    virtual_ipaddress {
        10.77.0.${vrid}/24
    }
}`;
const text = (weight: number) => `
track_file maintenance {
    file ${file}
    init_file 0 overwrite
}
vrrp_sync_group G {
    group {
        VI_1
        VI_2
    }
    track_file {
        maintenance weight ${weight}
    }
}
${instance('VI_1', 51)}${instance('VI_2', 52)}
director {
    engine embedded
}
`;

test('a number in a file puts both members into FAULT and lets them out again', async () => {
  const director = new TestDirector(namespace.name, text(0));
  try {
    const group = (to: string, from = 0) => director.line({ event: 'vrrp.group', to }, { from });
    await group('MASTER');
    writeFileSync(file, '1');
    await group('FAULT');
    for (const each of ['VI_1', 'VI_2'])
      await director.line({ event: 'vrrp.state', instance: each, to: 'FAULT' });

    let from = director.lines.length;
    process.kill(director.balancerPid, 'SIGKILL');
    await director.line({ event: 'balancer.lost' }, { from });
    await director.line({ event: 'config.loaded' }, { from });
    expect(director.lines.slice(from).filter(({ event }) => event === 'vrrp.state')).toEqual([]);
    writeFileSync(file, '0');
    await group('MASTER', from);

    from = director.lines.length;
    director.write(text(-10));
    director.signal('SIGHUP');
    await director.line({ event: 'config.loaded' }, { from });
    writeFileSync(file, '3');
    for (const each of ['VI_1', 'VI_2'])
      await director.line({ event: 'vrrp.priority', instance: each, from: 150, to: 120 }, { from });
    expect(director.lines.slice(from).filter(({ event }) => event === 'vrrp.state')).toEqual([]);
  } finally {
    await director.remove();
  }
});
