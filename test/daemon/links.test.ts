// A whole director with a polled interface: from the driver that is asked, through the balancer process, to
// the elector; and back when it is polled no more.
import { afterAll, expect, test } from 'vitest';
import { ip, makeNamespace, TestDirector } from './director.ts';

const namespace = makeNamespace(`lvsd-links-${process.pid}`);
afterAll(() => namespace.remove());

const text = (polls: string) => `
${polls}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 150
    version 3
    advert_int 0.1
    virtual_ipaddress {
        10.77.0.51/24
    }
}
director {
    engine embedded
}
`;
const far = `${namespace.name}-far`;
const carrier = (state: 'up' | 'down') => ip('-n', far, 'link', 'set', 'eth0', state);

test('a link that is lost is told by linkbeat as well, in keepalived’s words', async () => {
  const director = new TestDirector(namespace.name, text('linkbeat_interfaces {\neth0 MII\n}'));
  try {
    await director.line({ event: 'vrrp.state', to: 'MASTER' });
    const other = await director.line({ event: 'tracker.failed', kind: 'link' });
    expect(other.msg).toBe('(eth0): Configured linkbeat type MII not supported, using ETHTOOL');
    carrier('down');
    await director.line({ event: 'vrrp.state', to: 'FAULT' });
    const lost = await director.line({ event: 'tracker.changed', kind: 'link' });
    expect(lost.msg).toBe('Linkbeat reports eth0 down');
    let from = director.lines.length;
    carrier('up');
    await director.line({ event: 'tracker.changed', verdict: 'up' }, { from });
    await director.line({ event: 'vrrp.state', to: 'MASTER' }, { from });
    from = director.lines.length;
    director.write(text(''));
    director.signal('SIGHUP');
    await director.line({ event: 'config.loaded' }, { from });
    expect(director.lines.slice(from).filter(({ event }) => event === 'vrrp.state')).toEqual([]);
  } finally {
    await director.remove();
  }
});
