// Worked examples of the larger blocks, in both notations: for the reference, the manual page and `check
// --explain`. Tests read them and hold them against each other.

export type Example = { path: string; says: string; conf: string; yaml: string };

export const EXAMPLES: readonly Example[] = [
  {
    path: 'global_defs',
    says: 'A director that keeps the connections of its MASTER, and sends adverts on time on a busy machine.',
    conf: `global_defs {
    router_id director-a
    vrrp_version 3
    vrrp_rt_priority 50
    lvs_sync_daemon eth0 inst VI_1 id 51
}`,
    yaml: `global_defs:
  router_id: director-a
  vrrp_version: 3
  vrrp_rt_priority: 50
  lvs_sync_daemon: { interface: eth0, inst: VI_1, id: 51 }`,
  },
  {
    path: 'vrrp_instance',
    says: 'One of two directors that share two addresses; the other differs in its priority only.',
    conf: `vrrp_instance VI_1 {
    state BACKUP
    nopreempt
    interface eth0
    virtual_router_id 51
    priority 150
    advert_int 0.1
    version 3
    track_interface {
        eth1
    }
    virtual_ipaddress {
        10.0.0.50/24 dev eth0
        10.1.0.1/24 dev eth1
    }
}`,
    yaml: `vrrp_instance:
  VI_1:
    state: BACKUP
    nopreempt: true
    interface: eth0
    virtual_router_id: 51
    priority: 150
    advert_int: 0.1
    version: 3
    track_interface: eth1
    virtual_ipaddress:
      - { address: 10.0.0.50/24, dev: eth0 }
      - 10.1.0.1/24 dev eth1`,
  },
  {
    path: 'virtual_server',
    says: 'A web service on two real servers, checked every two seconds; the first gets twice as much.',
    conf: `virtual_server 10.0.0.50 80 {
    delay_loop 2
    lvs_sched wrr
    lvs_method NAT
    protocol TCP
    persistence_timeout 300
    real_server 10.1.0.21 80 {
        weight 2
        TCP_CHECK {
            connect_timeout 1
            retry 1
        }
    }
    real_server 10.1.0.22 80 {
        TCP_CHECK {
            connect_timeout 1
        }
    }
}`,
    yaml: `virtual_server:
  10.0.0.50 80:
    delay_loop: 2
    lvs_sched: wrr
    lvs_method: NAT
    protocol: TCP
    persistence_timeout: 300
    real_server:
      10.1.0.21 80:
        weight: 2
        TCP_CHECK: { connect_timeout: 1, retry: 1 }
      10.1.0.22 80:
        TCP_CHECK: { connect_timeout: 1 }`,
  },
  {
    path: 'director',
    says: 'Forward in the embedded engine; in a drill stay away for half a minute.',
    conf: `director {
    engine embedded
    runtime_directory /run/lvs-director
    drill {
        hold 30
    }
}`,
    yaml: `director:
  engine: embedded
  runtime_directory: /run/lvs-director
  drill:
    hold: 30`,
  },
  {
    path: 'vrrp_sync_group',
    says: 'Two instances that change state together.',
    conf: `vrrp_sync_group VG_1 {
    group {
        VI_1
        VI_2
    }
    notify_master "/usr/local/bin/became-master VG_1" nobody
}`,
    yaml: `vrrp_sync_group:
  VG_1:
    group: [VI_1, VI_2]
    notify_master: { command: /usr/local/bin/became-master VG_1, user: nobody }`,
  },
  {
    path: 'vrrp_script',
    says: 'A script that takes an instance out of the election when it fails three times.',
    conf: `vrrp_script chk_uplink {
    script "/usr/local/bin/chk-uplink -q"
    interval 2
    fall 3
    rise 2
    user nobody
}`,
    yaml: `vrrp_script:
  chk_uplink:
    script: /usr/local/bin/chk-uplink -q
    interval: 2
    fall: 3
    rise: 2
    user: nobody`,
  },
  {
    path: 'virtual_server_group',
    says: 'Several addresses that are one service.',
    conf: `virtual_server_group web {
    10.0.0.50-59 80
    fwmark 7
}`,
    yaml: `virtual_server_group:
  web:
    - 10.0.0.50-59 80
    - fwmark 7`,
  },
  {
    path: 'virtual_server real_server HTTP_GET',
    says: 'Up while two pages answer as they should.',
    conf: `virtual_server 10.0.0.50 80 {
    protocol TCP
    real_server 10.1.0.21 80 {
        HTTP_GET {
            connect_timeout 2
            url {
                path /health
                status_code 200
            }
            url {
                path /login
                status_code 200-299 302
            }
        }
    }
}`,
    yaml: `virtual_server:
  10.0.0.50 80:
    protocol: TCP
    real_server:
      10.1.0.21 80:
        HTTP_GET:
          connect_timeout: 2
          url:
            - { path: /health, status_code: 200 }
            - { path: /login, status_code: [200-299, 302] }`,
  },
];
