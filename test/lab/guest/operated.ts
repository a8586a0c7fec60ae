// One virtual server with its sorry server as the daemon runs it: servers are added, changed and removed by
// the file, fail and come back by their checks; what that makes of the table are the daemon's own decisions.
import { address } from '../../../src/core/address.ts';
import { desiredTable } from '../../../src/director/health.ts';
import {
  type Selector,
  type Server,
  type ServerKey,
  type ServiceSettings,
  serverKey,
  type Table,
} from '../../../src/ipvs/model.ts';
import type { Command } from '../../../src/ipvs/plane.ts';
import type { Member, Pool } from '../../../src/ipvs/pool.ts';
import { reconcile } from '../../../src/ipvs/reconcile.ts';
import { SERVERS } from './both-directors.ts';
import type { Change, Limits, Setting } from './choice-settings.ts';

const NAME = 'the only one';

function memberOf(selector: Selector): Member {
  if ('mark' in selector) return selector;
  const { protocol, address: virtual, port } = selector;
  return { protocol, first: virtual, last: virtual, port };
}

export class Operated {
  readonly #setting: Setting;
  readonly #pool: Omit<Pool, 'servers' | 'inhibited'>;
  readonly #serverPort: number;
  /** By their index in SERVERS. */
  readonly #configured = new Map<number, Limits>();
  readonly #failed = new Set<number>();
  #table: Table = new Map();

  constructor(
    setting: Setting,
    selector: Selector,
    { settings, serverPort }: { settings: ServiceSettings; serverPort: number },
  ) {
    this.#setting = setting;
    this.#serverPort = serverPort;
    const { sorry } = setting;
    this.#pool = { members: [memberOf(selector)], settings };
    if (sorry === undefined) return;
    const server = this.#server(sorry.server, { weight: 1, upper: 0, lower: 0 });
    this.#pool.sorry = {
      server: { ...server, forwarding: sorry.forwarding },
      isInhibited: sorry.isInhibited,
    };
  }

  /** What it has to be by now. */
  get table(): Table {
    return this.#table;
  }

  begin(): Command[] {
    for (const [i, limits] of this.#setting.servers.entries()) this.#configured.set(i, limits);
    return this.#commands();
  }

  change(change: Change): Command[] {
    const present = [...this.#configured.keys()];
    if (change.do === 'add') {
      const absent = SERVERS[4].map((_, i) => i).filter((i) => !present.includes(i));
      if (absent.length > 0) this.#configured.set(absent[change.server % absent.length]!, change);
    } else if (present.length > 0) this.#changePresent(change, present[change.server % present.length]!);
    return this.#commands();
  }

  #changePresent(change: Exclude<Change, { do: 'add' }>, index: number): void {
    if (change.do === 'set') this.#configured.set(index, change);
    else if (change.do === 'fail') this.#failed.add(index);
    else if (change.do === 'recover') this.#failed.delete(index);
    else if (change.do === 'failAll') for (const one of this.#configured.keys()) this.#failed.add(one);
    else if (change.do === 'recoverAll') this.#failed.clear();
    else {
      this.#configured.delete(index);
      this.#failed.delete(index);
    }
  }

  #commands(): Command[] {
    const servers = [...this.#configured].map(([i, limits]) => ({
      index: i,
      server: this.#server(i, limits),
    }));
    const keysOf = (is: (index: number) => boolean): Set<ServerKey> =>
      new Set(servers.filter(({ index }) => is(index)).map(({ server }) => serverKey(server)));
    const pool: Pool = {
      ...this.#pool,
      servers: new Map(servers.map(({ server }) => [serverKey(server), server])),
      inhibited: keysOf((index) => this.#setting.inhibits[index]!),
    };
    const isLost = servers.length - this.#failed.size < this.#setting.quorum;
    const desired = desiredTable(new Map([[NAME, pool]]), {
      down: new Map([[NAME, keysOf((index) => this.#failed.has(index))]]),
      lost: new Set(isLost ? [NAME] : []),
    });
    const commands = reconcile(desired, this.#table, new Set());
    this.#table = desired;
    return commands;
  }

  #server(index: number, { weight, upper, lower }: Limits): Server {
    return {
      address: address(SERVERS[this.#setting.family][index]!),
      port: this.#serverPort,
      forwarding: this.#setting.forwarding[index]!,
      weight,
      upperThreshold: upper,
      lowerThreshold: Math.min(lower, upper),
    };
  }
}
