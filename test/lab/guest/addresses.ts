// The lab's address plan: one switch, two LANs. Front 10.0.0.0/24 and fd00::/64: client, directors, real
// servers. Back 10.1.0.0/24 and fd01::/64, in NAT mode only: directors and real servers, which then have no
// front leg and route by the directors' second address. Most scenarios are of IPv4.

export type Mode = 'nat' | 'dr' | 'tun';
export type Family = 4 | 6;
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
export const VIPS: Readonly<Record<Family, string>> = { 4: '10.0.0.50', 6: 'fd00::50' };
export const VIP = VIPS[4];
/** What the real servers of NAT mode have as default gateway; moves with the VIP. */
export const GATEWAYS: Readonly<Record<Family, string>> = { 4: '10.1.0.1', 6: 'fd01::1' };
export const PREFIX_LENGTH: Readonly<Record<Family, number>> = { 4: 24, 6: 64 };
export const PORT = 8080;
export const VRID = 51;
export const SYNC_ID = 51;

/** `eth0` is the front leg, `eth1` the back one. */
export function legsOf(node: NodeName, mode: Mode): ('eth0' | 'eth1')[] {
  if (mode !== 'nat' || node === 'client') return ['eth0'];
  return node.startsWith('rs') ? ['eth1'] : ['eth0', 'eth1'];
}

export function addressOf(node: NodeName, leg: 'eth0' | 'eth1', family: Family = 4): string {
  const network = leg === 'eth0' ? 0 : 1;
  return family === 4 ? `10.${network}.0.${HOST_PART[node]}` : `fd0${network}::${HOST_PART[node]}`;
}

/** Where a director sends a service's traffic. */
export function serverAddress(server: ServerName, mode: Mode, family: Family = 4): string {
  return addressOf(server, mode === 'nat' ? 'eth1' : 'eth0', family);
}
