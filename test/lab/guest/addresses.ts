// The lab's address plan: one switch, two LANs. Front 10.0.0.0/24: client, directors, real servers. Back
// 10.1.0.0/24, in NAT mode only: directors and real servers, which then have no front leg and route by the
// directors' second address.

export type Mode = 'nat' | 'dr' | 'tun';
export type NodeName = 'client' | 'dirA' | 'dirB' | 'rs1' | 'rs2' | 'rs3';
export type DirectorName = 'dirA' | 'dirB';
export type ServerName = 'rs1' | 'rs2' | 'rs3';

export const NODES: readonly NodeName[] = ['client', 'dirA', 'dirB', 'rs1', 'rs2', 'rs3'];
export const DIRECTORS: readonly DirectorName[] = ['dirA', 'dirB'];
export const SERVERS: readonly ServerName[] = ['rs1', 'rs2', 'rs3'];
export const HOST_PART: Readonly<Record<NodeName, number>> = {
  client: 100,
  dirA: 11,
  dirB: 12,
  rs1: 21,
  rs2: 22,
  rs3: 23,
};
export const VIP = '10.0.0.50';
/** What the real servers of NAT mode have as default gateway; moves with the VIP. */
export const GATEWAY = '10.1.0.1';
export const PORT = 8080;
export const VRID = 51;
export const SYNC_ID = 51;

/** `eth0` is the front leg, `eth1` the back one. */
export function legsOf(node: NodeName, mode: Mode): ('eth0' | 'eth1')[] {
  if (mode !== 'nat' || node === 'client') return ['eth0'];
  return node.startsWith('rs') ? ['eth1'] : ['eth0', 'eth1'];
}

export function addressOf(node: NodeName, leg: 'eth0' | 'eth1'): string {
  return `10.${leg === 'eth0' ? 0 : 1}.0.${HOST_PART[node]}`;
}

/** Where a director sends a service's traffic. */
export function serverAddress(server: ServerName, mode: Mode): string {
  return addressOf(server, mode === 'nat' ? 'eth1' : 'eth0');
}
