// Configurations of director pairs as the lab and operators write them: every forwarding method, both
// families, and the options that are varied there. All of them are good files.

export type PairOptions = {
  mode: 'nat' | 'dr' | 'tun';
  family: 4 | 6;
  priority: number;
  advert: string;
  scheduler: string;
  /** Lines added to vrrp_instance and to virtual_server. */
  instance: string;
  service: string;
  checks: boolean;
};

const USUAL: PairOptions = {
  mode: 'nat',
  family: 4,
  priority: 150,
  advert: '1',
  scheduler: 'rr',
  instance: '',
  service: '',
  checks: true,
};

const CHECK = `        TCP_CHECK {
            connect_timeout 1
            retry 1
            delay_before_retry 1
        }
`;

export function pairConfiguration(given: Partial<PairOptions>): string {
  const { mode, family, priority, advert, scheduler, instance, service, checks } = { ...USUAL, ...given };
  const vip = family === 6 ? 'fd00::50' : '10.0.0.50';
  const inner = family === 6 ? 'fd01::1/128' : '10.1.0.1/24';
  const network = { 4: { nat: '10.1.0.2', other: '10.0.0.2' }, 6: { nat: 'fd01::2', other: 'fd00::2' } }[
    family
  ];
  const servers = [1, 2, 3].map(
    (n) => `    real_server ${mode === 'nat' ? network.nat : network.other}${n} 8080 {
        weight ${n}
${checks ? CHECK : ''}    }`,
  );
  return `global_defs {
    router_id director-a
    vrrp_version 3
    lvs_sync_daemon eth0 VI_1 id 51
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority ${priority}
    advert_int ${advert}
${instance}${mode === 'nat' ? '    track_interface {\n        eth1\n    }\n' : ''}    virtual_ipaddress {
        ${vip}/${family === 6 ? 128 : 24} dev eth0
${mode === 'nat' ? `        ${inner} dev eth1\n` : ''}    }
}
virtual_server ${vip} 8080 {
    delay_loop 1
    lb_algo ${scheduler}
    lb_kind ${mode.toUpperCase()}
    protocol TCP
${service}${servers.join('\n')}
}
`;
}

export function pairConfigurations(): { name: string; text: string }[] {
  const modes = (['nat', 'dr', 'tun'] as const).flatMap((mode) =>
    ([4, 6] as const).map((family) => ({ name: `${mode}-${family}`, options: { mode, family } })),
  );
  const variations: { name: string; options: Partial<PairOptions> }[] = [
    ...modes,
    { name: 'backup', options: { priority: 100 } },
    { name: 'fast', options: { advert: '0.01' } },
    { name: 'nopreempt', options: { instance: '    nopreempt\n' } },
    { name: 'preempt-delay', options: { instance: '    preempt_delay 10\n' } },
    { name: 'mh-port', options: { scheduler: 'mh', service: '    mh-port\n' } },
    { name: 'persistent', options: { service: '    persistence_timeout 300\n' } },
    { name: 'unchecked', options: { checks: false } },
  ];
  return variations.map(({ name, options }) => ({ name, text: pairConfiguration(options) }));
}
