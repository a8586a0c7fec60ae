// The files of two directors with the embedded engine and `sync { … }`, in the network of
// test/linux/engine-net.ts, and the key that both have.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { INNER_VIP, VIP } from '../linux/engine-net.ts';

export type Name = 'a' | 'b';
export const ADDRESS: Readonly<Record<Name, string>> = { a: '10.77.1.1', b: '10.77.1.2' };
export const ADVERT_MS = 500;

export function writeSyncKey(file: string): void {
  writeFileSync(file, `hex:${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
}

export type PairFile = {
  /** Where its control socket and its state files are. */
  directory: string;
  /** Of the block `sync`: by what it knows the other one. */
  proof: string;
  addresses?: Readonly<Record<Name, string>>;
  /** More words of the block `sync`, and of the instance. */
  sync?: string;
  instance?: string;
  /** And of `director`. */
  director?: string;
  /** Real servers, by the last part of their address. */
  hosts?: readonly number[];
};

export function pairFile(name: Name, own: PairFile): string {
  const {
    directory,
    proof,
    addresses = ADDRESS,
    sync = '',
    instance = '',
    director = '',
    hosts = [21],
  } = own;
  return `director {
  engine embedded
  runtime_directory ${directory}
  ${director}
  sync {
    listen ${addresses[name]}
    peer ${addresses[name === 'a' ? 'b' : 'a']}
    ${proof}
    ${sync}
  }
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority ${name === 'a' ? 150 : 100}
  version 3
  advert_int ${ADVERT_MS / 1000}
  ${instance}
  virtual_ipaddress {
    ${VIP}/24 dev eth0
    ${INNER_VIP}/24 dev eth1
  }
}
virtual_server ${VIP} 80 {
  lb_algo rr
  lb_kind NAT
  protocol TCP
${hosts.map((host) => `  real_server 10.77.1.${host} 8080 {\n    weight 1\n  }\n`).join('')}}
`;
}
