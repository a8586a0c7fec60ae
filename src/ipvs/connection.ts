// One connection of a table as people are shown it; the engines keep theirs in forms of their own.
import type { Address } from '../core/address.ts';

export type ShownConnection = {
  /** TCP, UDP, SCTP; IP for a template of a service by firewall mark. */
  protocol: string;
  client: Address;
  clientPort: number;
  virtual: Address;
  virtualPort: number;
  destination: Address;
  destinationPort: number;
  state: string;
  expiresSeconds: number;
  /** What a persistence engine keeps of it. */
  persistence?: { engine: string; data: string };
};
