// Who an address and a port are called in a listing: by their names, or numbers with `-n`. Names are looked
// up at the edge beforehand; where there is none the number stands.
import { type Address, familyOf } from '../../core/address.ts';

export type Names = {
  host(address: Address): string | undefined;
  /** `protocol` in lower case, as /etc/services has it. */
  service(port: number, protocol: string): string | undefined;
};
export const NUMERIC: Names = { host: () => undefined, service: () => undefined };

/** `10.0.0.1:80`, `[fd00::1]:http`. */
export function nameEndpoint(address: Address, port: number, protocol: string, names: Names): string {
  const host = names.host(address) ?? address;
  const service = names.service(port, protocol.toLowerCase()) ?? port;
  return familyOf(address) === 6 ? `[${host}]:${service}` : `${host}:${service}`;
}
