// What can be said of real servers at the control socket, and what is answered: as JSON, of one version.
import type { ShownServer } from '../director/weights/shown.ts';

/** GET: every server. POST: an order for some of them, answered as it goes. */
export const SERVERS = '/v1/servers';

export const ORDERS = ['ready', 'drain', 'maint', 'weight'] as const;
export type OrderWord = (typeof ORDERS)[number];
export type ServersRequest = {
  service: string;
  servers: readonly string[];
  order: OrderWord;
  /** Of `weight`: a number, or a share of the file's as `50%`. */
  weight?: string;
  /** Of `drain`; 0 = none, undefined = as the file says. */
  deadlineSeconds?: number;
  expiresTemplates?: boolean;
};
/** `unknown`: not in the file of the other director, which keeps the order until they are. */
export type PeerAnswer = {
  address: string;
  /** `away`: not connected, told when it is; `silent`: it does not say whether it has the order. */
  state: 'held' | 'away' | 'silent';
  unknown: { service: string; server: string }[];
};
type Line = { atMs: number; servers: ShownServer[] };
/** Lines, in this order: one `plan`; with `sync` one `peer`; any number of `progress`; one `result`. */
export type ServersLine =
  | (Line & { step: 'plan' | 'progress' | 'result' })
  | (Line & { step: 'peer'; peer: PeerAnswer });
