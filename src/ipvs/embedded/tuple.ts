// What a connection of the engine is made of, and what its flags mean.
import type { Family } from '../../core/address.ts';

/** IP_VS_CONN_F_*, as in sync datagrams. */
export const CONNECTION = {
  methodMask: 0x7,
  masquerade: 0,
  tunnel: 2,
  direct: 3,
  sync: 0x20,
  noOutput: 0x80,
  inactive: 0x100,
  template: 0x1000,
  onePacket: 0x2000,
} as const;

/** IPv6 addresses are in use by whoever adds it; while the connection lives it uses them, too. */
export type Tuple = {
  flow: number;
  client: number;
  clientPort: number;
  virtual: number;
  virtualPort: number;
  server: number;
  serverFamily: Family;
  serverPort: number;
  flags: number;
};
