// Who is where in the demo: machines, their legs, their addresses. The same plan as the pairs in
// examples/nat and examples/dr, so that the files there run unchanged. Builds nothing.

export type Mode = 'nat' | 'dr';
export type DirectorName = 'dirA' | 'dirB';
export type ServerName = 'rs1' | 'rs2' | 'rs3';
export type NodeName = 'client' | DirectorName | ServerName;
export type Lan = 'front' | 'back';
export type Leg = { interface: string; lan: Lan; address: string };
/**
 * `route`: default gateway. `loopback`: an address it accepts without answering ARP for it (DR real
 * servers).
 */
export type Node = { name: NodeName; legs: Leg[]; forwards: boolean; route?: string; loopback?: string };

export const VIP = '10.0.0.50';
export const PORT = 80;
export const GATEWAY_VIP = '10.1.0.1';
export const DIRECTORS: readonly DirectorName[] = ['dirA', 'dirB'];
export const SERVERS: readonly ServerName[] = ['rs1', 'rs2', 'rs3'];
const HOST: Record<NodeName, number> = { client: 100, dirA: 11, dirB: 12, rs1: 21, rs2: 22, rs3: 23 };

const front = (name: NodeName): Leg => ({
  interface: 'eth0',
  lan: 'front',
  address: `10.0.0.${HOST[name]}`,
});
const back = (name: NodeName, device: string): Leg => ({
  interface: device,
  lan: 'back',
  address: `10.1.0.${HOST[name]}`,
});

export function layout(mode: Mode): Node[] {
  const director = (name: DirectorName): Node => ({
    name,
    legs: mode === 'nat' ? [front(name), back(name, 'eth1')] : [front(name)],
    forwards: true,
  });
  const server = (name: ServerName): Node =>
    mode === 'nat'
      ? { name, legs: [back(name, 'eth0')], forwards: false, route: GATEWAY_VIP }
      : { name, legs: [front(name)], forwards: false, loopback: VIP };
  return [
    { name: 'client', legs: [front('client')], forwards: false },
    ...DIRECTORS.map(director),
    ...SERVERS.map(server),
  ];
}

/** `A` and `B` on the screen and in file names. */
export function letterOf(name: DirectorName): 'A' | 'B' {
  return name === 'dirA' ? 'A' : 'B';
}

export function peerOf(name: DirectorName): DirectorName {
  return name === 'dirA' ? 'dirB' : 'dirA';
}

/** The machine's own address on its first leg. */
export function addressOf(mode: Mode, name: NodeName): string {
  return layout(mode).find((node) => node.name === name)?.legs[0]?.address ?? '';
}
