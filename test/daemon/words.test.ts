// A whole director with the words about how it begins, runs and listens: from the file to the kernel, across
// a reload and the death of the balancer.
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { makeNamespace, TestDirector } from './director.ts';

const namespace = makeNamespace(`lvsd-words-${process.pid}`);
afterAll(() => namespace.remove());

const text = (priority: number) => `
global_defs {
    vrrp_startup_delay 1
    vrrp_rt_priority ${priority}
    vrrp_cpu_affinity 0
    vrrp_rlimit_rttime 900000
    max_auto_priority 20
    vrrp_rx_bufs_policy MTU
    log_unknown_vrids
}
vrrp_instance V {
    interface eth0
    nopreempt
    timer_expired_backup
    virtual_router_id 51
    version 3
    advert_int 0.1
    unicast_src_ip 10.77.0.1
    track_src_ip
    unicast_ttl 254
    unicast_peer {
        10.77.0.2 min_ttl 254
    }
    virtual_ipaddress {
        10.77.0.51/24
    }
}
director {
    engine embedded
}
`;
/** By then memory of the start has been given back. */
const SETTLED_MS = 2500;

test('begins late, runs on, and waits for nothing when something changes', async () => {
  const director = new TestDirector(namespace.name, text(5));
  try {
    await director.line({ event: 'vrrp.delayed', ms: 1000 });
    const [ready, backup] = [
      await director.line({ event: 'director.ready' }),
      await director.line({ event: 'vrrp.state', to: 'BACKUP' }),
    ];
    expect(Number(backup.time) - Number(ready.time)).toBeGreaterThan(900);
    await director.line({ event: 'vrrp.state', to: 'MASTER' });
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));

    let from = director.lines.length;
    director.write(text(6));
    director.signal('SIGHUP');
    await director.line({ event: 'config.loaded' }, { from });
    await director.line({ event: 'scheduling.realtime' }, { from });
    expect(readFileSync(`/proc/${director.pid}/limits`, 'utf8')).toMatch(/Max realtime timeout +900000 /);

    from = director.lines.length;
    process.kill(director.balancerPid, 'SIGKILL');
    await director.line({ event: 'config.loaded' }, { from });
    const events = director.lines.slice(from).map(({ event }) => event);
    expect(events).not.toContain('vrrp.delayed');
    expect(director.lines.slice(from).filter(({ to }) => to === 'INIT')).toEqual([]);
  } finally {
    await director.remove();
  }
  expect(await director.ended).toBe(0);
  expect(director.stderr).toBe('');
});
