// How packets get from a director to a real server: the words that configuration and IPVS share.

export type Protocol = 'TCP' | 'UDP' | 'SCTP';
export type Forwarding = 'NAT' | 'DR' | 'TUN';
export type Checksum = 'none' | 'csum';
/** What a packet is wrapped in. */
export type Tunnel =
  | { type: 'gre'; checksum: Checksum }
  /** By UDP to `port`; remcsum = the checksum inside is left to the other end. */
  | { type: 'gue'; port: number; checksum: Checksum | 'remcsum' };
export type Method = {
  forwarding: Forwarding;
  /** Of TUN; undefined = IP in IP. */
  tunnel?: Tunnel;
};

/** As in a file: `TUN type gue port 6080 csum`. */
export function methodName({ forwarding, tunnel }: Method): string {
  if (tunnel === undefined) return forwarding;
  const port = tunnel.type === 'gue' ? ` port ${tunnel.port}` : '';
  return `${forwarding} type ${tunnel.type}${port}${tunnel.checksum === 'none' ? '' : ` ${tunnel.checksum}`}`;
}
