// Real servers as an operator is shown them: what each is going through, in one value.
import type { ServerKey } from '../../ipvs/model.ts';
import type { Pool, PoolName } from '../../ipvs/pool.ts';
import type { Weights } from './machine.ts';
import { idOf, type Load, type Program } from './program.ts';
import { weighPools } from './table.ts';

export type ServerState = 'up' | 'down' | 'growing' | 'draining' | 'drained' | 'maint';
export type ShownServer = {
  service: PoolName;
  server: ServerKey;
  state: ServerState;
  /** In the file. */
  weight: number;
  /** In the table; undefined = it is not there. */
  weightNow?: number;
  /** It has left the file. */
  isLeaving?: true;
  load?: Load;
  /** Of a drain: undefined = no deadline. */
  leftMs?: number;
  drained?: { ms: number; cut: number };
};

/** Of the pools named, or of all. */
export function showServers(
  configured: ReadonlyMap<PoolName, Pool>,
  weights: Weights,
  nowMs: number,
): ShownServer[] {
  const weighed = weighPools(configured, weights, nowMs);
  return [...configured].flatMap(([service, pool]) => {
    const now = weighed.get(service)!;
    return [...new Set([...pool.servers.keys(), ...now.servers.keys()])].map((server): ShownServer => {
      const id = idOf(service, server);
      const program = weights.programs.get(id);
      const isDown = weights.down.has(id) && !pool.inhibited.has(server);
      const weightNow = isDown ? undefined : now.servers.get(server)?.weight;
      return {
        service,
        server,
        state: stateOf(program, weights.down.has(id)),
        weight: pool.servers.get(server)?.weight ?? 0,
        ...(weightNow === undefined ? {} : { weightNow }),
        ...(program?.former === undefined ? {} : { isLeaving: true as const }),
        ...(program === undefined ? {} : phaseOf(program, nowMs)),
      };
    });
  });
}

function stateOf(program: Program | undefined, isDown: boolean): ServerState {
  switch (program?.phase.is) {
    case 'draining':
      return 'draining';
    case 'out':
      return program.order?.is === 'maint' ? 'maint' : 'drained';
    case 'growing':
      return isDown ? 'down' : 'growing';
    default:
      return isDown ? 'down' : 'up';
  }
}

function phaseOf({ phase }: Program, nowMs: number): Pick<ShownServer, 'load' | 'leftMs' | 'drained'> {
  if (phase.is === 'out') return phase.drained === undefined ? {} : { drained: phase.drained };
  if (phase.is === 'growing') return { leftMs: Math.max(0, phase.sinceMs + phase.overMs - nowMs) };
  if (phase.is !== 'draining') return {};
  const { load, untilMs } = phase;
  return {
    ...(load === undefined ? {} : { load }),
    ...(untilMs === undefined ? {} : { leftMs: Math.max(0, untilMs - nowMs) }),
  };
}
