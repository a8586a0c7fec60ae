// Which real server behind NAT a packet comes from, by its source (ip_vs_find_real_service): of several
// services' the one that was added last. No fast path asks.
import { familyOfFlow, protocolOf } from './frame.ts';
import { ANY_PROTOCOL } from './service-keys.ts';
import type { ServerRecord } from './service-records.ts';

const IPV6 = 2 ** 48;

export class NatServers {
  /** By address and port, the newest first. */
  readonly #servers = new Map<number, ServerRecord[]>();

  add(server: ServerRecord): void {
    if (server.forwarding !== 'NAT') return;
    const key = keyOf(server, server.address, server.port);
    this.#servers.set(key, [server, ...(this.#servers.get(key) ?? [])]);
  }

  remove(server: ServerRecord): void {
    const key = keyOf(server, server.address, server.port);
    const left = (this.#servers.get(key) ?? []).filter((other) => other !== server);
    if (left.length > 0) this.#servers.set(key, left);
    else this.#servers.delete(key);
  }

  find(flow: number, address: number, port: number): ServerRecord | undefined {
    const family = familyOfFlow(flow);
    return this.#servers.get(keyOf({ family }, address, port))?.find(({ service }) => {
      const protocol = protocolOf(service.flow);
      return protocol === ANY_PROTOCOL || protocol === protocolOf(flow);
    });
  }
}

/** Exact: 49 bits. */
function keyOf({ family }: Pick<ServerRecord, 'family'>, address: number, port: number): number {
  return (address >>> 0) * 0x10000 + port + (family === 4 ? 0 : IPV6);
}
