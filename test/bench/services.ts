// A configuration of many virtual servers, each with its own address and two real servers, and one instance
// that holds the addresses. Both programs read it without a complaint.

export const REAL_SERVERS = 2;

export type Wanted = {
  /** By TCP_CHECK: else a server that is not there serves all the same. */
  isChecked: boolean;
  /** How many servers the last one has more than the others. */
  more: number;
};

export function manyServices(count: number, { isChecked, more }: Wanted): string {
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  return `global_defs {
    router_id bench
    vrrp_version 3
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 150
    advert_int 1
    virtual_ipaddress {
        10.99.1.100/24 dev eth0
    }
    virtual_ipaddress_excluded {
${numbers.map((n) => `        ${numbered(100, n)}/32 dev eth0\n`).join('')}    }
}
${numbers.map((n) => service(n, REAL_SERVERS + (n === count ? more : 0), isChecked)).join('')}`;
}

function service(n: number, serverCount: number, isChecked: boolean): string {
  const servers = Array.from({ length: serverCount }, (_, i) =>
    realServer(numbered(10 + 10 * i, n), isChecked),
  );
  return `virtual_server ${numbered(100, n)} 80 {
    delay_loop 6
    lb_algo wrr
    lb_kind NAT
    protocol TCP
${servers.join('')}}
`;
}

const CHECK = `
        TCP_CHECK {
            connect_timeout 3
            retry 1
            delay_before_retry 1
        }`;

function realServer(address: string, isChecked: boolean): string {
  return `    real_server ${address} 8080 {
        weight 1${isChecked ? CHECK : ''}
    }
`;
}

/** The n-th address of 10.`first`.0.0 and on. */
function numbered(first: number, n: number): string {
  return `10.${first + (n >> 16)}.${(n >> 8) & 0xff}.${n & 0xff}`;
}
