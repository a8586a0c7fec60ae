// Part of kernel-plane.ts: what selects a service's packets beside an address, and what a server is sent its
// packets in.
import assert from 'node:assert/strict';
import type { Table, Tunnel } from '../../../src/ipvs/model.ts';
import { of, server, service, tableOf } from '../../ipvs/tables.ts';

type Check = (name: string, body: () => Promise<unknown>) => Promise<void>;
type Bring = (desired: Table) => Promise<void>;
type Saved = () => string[];

export async function checkSelectors(check: Check, bring: Bring, saved: Saved): Promise<void> {
  await check('a persistence engine comes and goes in place', async () => {
    const sip = { protocol: 'UDP', scheduler: 'rr', persistenceSeconds: 60 } as const;
    const real = [server('10.1.0.21', 5060)];
    await bring(tableOf(service('10.0.0.100', 5060, real, { ...sip, persistenceEngine: 'sip' })));
    assert(saved().includes('-A -u 10.0.0.100:5060 -s rr -p 60 --pe sip'));
    await bring(tableOf(service('10.0.0.100', 5060, real, sip)));
    assert(saved().includes('-A -u 10.0.0.100:5060 -s rr -p 60'));
  });

  await check('services by firewall mark, of either family, with servers of either', async () => {
    await bring(
      tableOf(
        of({ mark: 7, family: 4 }, [server('10.1.0.21', 0, { forwarding: 'DR' })]),
        of(
          { mark: 7, family: 6 },
          [server('2001:db8::21', 0), server('10.1.0.21', 0, { forwarding: 'TUN' })],
          {
            scheduler: 'sh',
            persistenceSeconds: 60,
            persistencePrefix: 64,
          },
        ),
        // ipvsadm takes the mark for a signed number.
        of({ mark: 0xfffffff0, family: 4 }, []),
      ),
    );
    assert.deepEqual(
      saved(),
      [
        '-A -f 7 -s wlc',
        '-a -f 7 -r 10.1.0.21:0 -g -w 1',
        '-A -f 7 -6 -s sh -p 60 -M 64',
        '-a -f 7 -6 -r [2001:db8::21]:0 -m -w 1',
        '-a -f 7 -6 -r 10.1.0.21:0 -i -w 1 --tun-type ipip',
        '-A -f -16 -s wlc',
      ].toSorted(),
    );
  });
}

export async function checkTunnels(check: Check, bring: Bring, saved: Saved): Promise<void> {
  await check('gre and gue with their checksums, exchanged in place', async () => {
    const tunnels: [Tunnel | undefined, string][] = [
      [undefined, '--tun-type ipip'],
      [{ type: 'gre', checksum: 'none' }, '--tun-type gre --tun-nocsum'],
      [{ type: 'gre', checksum: 'csum' }, '--tun-type gre --tun-csum'],
      [{ type: 'gue', port: 6080, checksum: 'none' }, '--tun-type gue --tun-port 6080 --tun-nocsum'],
      [{ type: 'gue', port: 6080, checksum: 'csum' }, '--tun-type gue --tun-port 6080 --tun-csum'],
      [{ type: 'gue', port: 6081, checksum: 'remcsum' }, '--tun-type gue --tun-port 6081 --tun-remcsum'],
    ];
    const behind = (tunnel: Tunnel | undefined, i: number) =>
      server(`10.1.0.${20 + i}`, 80, { forwarding: 'TUN', ...(tunnel === undefined ? {} : { tunnel }) });
    for (let turn = 0; turn < tunnels.length; turn++) {
      const turned = [...tunnels.slice(turn), ...tunnels.slice(0, turn)];
      await bring(
        tableOf(
          service(
            '10.0.0.100',
            80,
            turned.map(([tunnel], i) => behind(tunnel, i)),
          ),
        ),
      );
      assert.deepEqual(
        saved().filter((line) => line.startsWith('-a')),
        turned.map(([, words], i) => `-a -t 10.0.0.100:80 -r 10.1.0.${20 + i}:80 -i -w 1 ${words}`),
      );
    }
  });
}
