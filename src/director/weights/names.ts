// What an operator calls services and servers, and which ones of the plan he means.
//
// A service goes by its name, as logs have it (`TCP 10.0.0.50:80`, `FWM 7`, `group web TCP`), or by a part of
// it that says which one: `10.0.0.50:80`, `web`, `7`; `all` is every one. A server goes by its address and
// port, or by its address alone, which is then every one of the service's with it.
import type { ServerKey } from '../../ipvs/model.ts';
import type { Pool, PoolName } from '../../ipvs/pool.ts';

export type Found =
  | { ok: true; servers: readonly { pool: PoolName; server: ServerKey }[] }
  | { ok: false; says: string };

/** As many as a person reads. */
const SHOWN = 10;

export function findServers(
  pools: ReadonlyMap<PoolName, Pool>,
  service: string,
  servers: readonly string[],
): Found {
  const names = service === 'all' ? [...pools.keys()] : matching(pools, service);
  if (names.length === 0)
    return { ok: false, says: `there is no service ${service}: ${listed(pools.keys())}` };
  if (names.length > 1 && service !== 'all')
    return { ok: false, says: `${service} may be ${names.slice(0, SHOWN).join(' or ')}: say which` };
  const found: { pool: PoolName; server: ServerKey }[] = [];
  for (const text of servers) {
    const before = found.length;
    for (const pool of names) {
      const keys = [...pools.get(pool)!.servers].flatMap(([key, { address }]) =>
        key === text || address === text || `[${address}]` === text ? [key] : [],
      );
      for (const server of keys)
        if (!found.some((one) => one.pool === pool && one.server === server)) found.push({ pool, server });
    }
    if (found.length > before) continue;
    const where = service === 'all' ? 'any service' : names[0];
    const hint = service === 'all' ? '' : `: ${listed(pools.get(names[0]!)!.servers.keys())}`;
    return { ok: false, says: `there is no server ${text} in ${where}${hint}` };
  }
  return { ok: true, servers: found };
}

function matching(pools: ReadonlyMap<PoolName, Pool>, text: string): PoolName[] {
  if (pools.has(text)) return [text];
  const folded = text.toLowerCase();
  return [...pools.keys()].filter((name) => {
    const [kind = '', word = '', protocol = ''] = name.split(' ');
    const forms = [word, `${kind} ${word}`, `${protocol} ${word}`];
    return forms.some((form) => form.trim().toLowerCase() === folded);
  });
}

function listed(names: Iterable<string>): string {
  const all = [...names];
  const more = all.length > SHOWN ? ` and ${all.length - SHOWN} more` : '';
  return all.length === 0 ? 'there is none' : `there are ${all.slice(0, SHOWN).join(', ')}${more}`;
}
