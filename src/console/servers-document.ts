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
/** Lines, in this order: one `plan`, any number of `progress`, one `result`. */
export type ServersLine = { step: 'plan' | 'progress' | 'result'; atMs: number; servers: ShownServer[] };
