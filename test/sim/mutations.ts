// Does the simulation see what it is meant to see? Known mistakes are made, one at a time, in a copy of the
// sources, and worlds are simulated until one breaks a promise. `npm run sim -- mutations`.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `from` is found exactly once in the file: test/sim/scenario.test.ts sees to that. */
export type Mutation = { what: string; file: string; from: string; to: string };
/** The file whose `attempt` has to see a mistake, within so many seeds. */
type Proof = { scenario: string; seeds: number };
type Scenario = { attempt(seed: number, only: undefined): { failure: unknown } };

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MACHINE = 'src/vrrp/machine.ts';
const LEAVING = 'src/vrrp/leaving.ts';
const TRANSITIONS = 'src/vrrp/transitions.ts';
const TIMING = 'src/vrrp/timing.ts';
const ELECTOR = 'src/vrrp/elector.ts';
const AUTH = 'src/vrrp/auth.ts';
const ACCEPT = 'src/vrrp/accept.ts';

export const MUTATIONS: readonly Mutation[] = [
  {
    what: 'no skew: the best backup does not speak first',
    file: TIMING,
    from: 'return own.downAdverts * masterAdvertMs + skewMs(masterAdvertMs, own);',
    to: 'return own.downAdverts * masterAdvertMs;',
  },
  {
    what: 'a backup waits for one advert less',
    file: TIMING,
    from: 'return own.downAdverts * masterAdvertMs + skewMs(masterAdvertMs, own);',
    to: 'return (own.downAdverts - 1) * masterAdvertMs + skewMs(masterAdvertMs, own);',
  },
  {
    what: 'a backup waits for ten adverts more',
    file: TIMING,
    from: 'return own.downAdverts * masterAdvertMs + skewMs(masterAdvertMs, own);',
    to: 'return (own.downAdverts + 10) * masterAdvertMs + skewMs(masterAdvertMs, own);',
  },
  {
    what: 'a pause is not noticed',
    file: ELECTOR,
    from: 'if (silentMs > longestSilenceMs(instance.own)) advance(',
    to: 'if (silentMs > 1e9) advance(',
  },
  {
    what: 'a stop leaves after 1 ms',
    file: TRANSITIONS,
    from: "{ do: 'arm', timer: 'leave', ms: peerMasterDownMs(own) },",
    to: "{ do: 'arm', timer: 'leave', ms: 1 },",
  },
  {
    what: 'who leaves does not linger',
    file: LEAVING,
    from: "[...lastWord, { do: 'arm', timer: 'leave', ms: LINGER_MS }]",
    to: "[...lastWord, { do: 'arm', timer: 'leave', ms: 0 }]",
  },
  {
    what: 'a backup keeps the addresses',
    file: TRANSITIONS,
    from: "{ do: 'arm', timer: 'linger', ms: LINGER_MS },",
    to: '',
  },
  {
    what: 'no last word of one that leaves',
    file: LEAVING,
    from: 'const lastWord = lastWordTo(heard, Math.min(own.priority, heard.priority - 1), own);',
    to: 'const lastWord: Effect[] = [];',
  },
  {
    what: 'no last word of one that yields',
    file: MACHINE,
    from: 'const lastWord = lastWordTo(event, own.priority, own);',
    to: 'const lastWord: Effect[] = [];',
  },
  {
    what: 'a master that hears a rival does not tell the link',
    file: MACHINE,
    from: "if (repeat > 0) effects.push({ do: 'announce', repeat }, ...announceSettled(own));",
    to: '',
  },
  {
    what: 'a new master does not tell the link',
    file: TRANSITIONS,
    from: "{ do: 'addVips' },\n    { do: 'announce', repeat },",
    to: "{ do: 'addVips' },",
  },
  {
    what: 'a master does not ask who else has its address',
    file: 'src/vrrp/claims.ts',
    from: '  if (!isSettledMaster(instance, nowMs)) return;',
    to: '  return;',
  },
  {
    what: 'no refresh',
    file: TRANSITIONS,
    from: "['refresh', refreshMs],",
    to: "['refresh', 0],",
  },
  {
    what: 'of two equals neither yields',
    file: MACHINE,
    from: '(event.priority === own.priority && event.higherAddress)',
    to: 'false',
  },
  {
    what: 'of two equals both yield',
    file: MACHINE,
    from: '(event.priority === own.priority && event.higherAddress)',
    to: '(event.priority === own.priority)',
  },
  {
    what: 'a master of lower priority is followed',
    file: MACHINE,
    from: "if (patience !== 'waiting' && connections !== 'waiting') return [router, []];",
    to: '',
  },
  {
    what: 'nopreempt is forgotten',
    file: MACHINE,
    from: 'if (router.held || !preempts(own)) return',
    to: 'if (router.held) return',
  },
  {
    what: 'preempt_delay is forgotten',
    file: TRANSITIONS,
    from: "return waits ? 'accepts' : 'over';",
    to: "return waits && own.preempt ? 'over' : 'over';",
  },
  {
    what: 'who does not know the connections preempts',
    file: MACHINE,
    from: "const [connections, forThem] = wait(router.connections, 'connections', preemptWaitMs);",
    to: "const [connections, forThem] = wait(router.connections, 'connections', undefined);",
  },
  {
    what: 'who does not know the connections never preempts',
    file: MACHINE,
    from: "return [{ ...router, connections: 'over' }, [{ do: 'tellWait', step: 'over', waitMs }]];",
    to: "return [{ ...router, connections: 'accepts' }, [{ do: 'tellWait', step: 'over', waitMs }]];",
  },
  {
    what: 'who learns of the connections waits on',
    file: MACHINE,
    from: "if (preemptWaitMs !== undefined || router.connections !== 'waiting') return [router, []];",
    to: 'if (preemptWaitMs !== undefined || preemptWaitMs === undefined) return [router, []];',
  },
  {
    what: 'priority 0 is not heard',
    file: MACHINE,
    from: 'return [router, [resignedMaster(router, own)]];',
    to: 'return [router, []];',
  },
  {
    what: 'the own interval counts instead of that of the master',
    file: MACHINE,
    from: 'const masterAdvertMs = event.intervalMs;',
    to: 'const masterAdvertMs = own.advertMs;',
  },
  {
    what: 'a drill never takes back what nobody took over',
    file: LEAVING,
    from: "if (router.purpose.for === 'stop') return becomeInit(",
    to: "if (router.purpose.for !== 'pause') return becomeInit(",
  },
  {
    what: 'a lost link is not noticed',
    file: MACHINE,
    from: 'return event.up ? [router, []] : becomeFault([]);',
    to: 'return [router, []];',
  },
  {
    what: 'what comes back into the file gives its addresses up',
    file: 'src/vrrp/configure.ts',
    from: 'instance.retiring && hasLeft(instance)',
    to: 'instance.retiring',
  },
  {
    what: 'members of a sync group go their own ways',
    file: 'src/vrrp/group.ts',
    from: 'if (member.router.state !== target) follow(',
    to: 'if (member.router.state === target) follow(',
  },
  {
    what: 'a member of a sync group does not wait for the others',
    file: ELECTOR,
    from: "if (due === 'masterDown' && isMember(elector, instance)) return;",
    to: '',
  },
  {
    what: 'who yields with its sync group has no last word',
    file: 'src/vrrp/group.ts',
    from: "becomeBackup('sync group', own.advertMs, own, farewell(own))",
    to: "becomeBackup('sync group', own.advertMs, own, [])",
  },
  {
    what: 'who goes unheard only resigns',
    file: TRANSITIONS,
    from: 'const words = own.silentToHigher ? [RESIGNED] : [WORST, RESIGNED];',
    to: 'const words = own.silentToHigher ? [RESIGNED] : [RESIGNED];',
  },
  {
    what: 'a signed advert counts twice',
    file: AUTH,
    from: 'const isOld = mark !== undefined && !isVoid && !isLater(sequence, mark);',
    to: 'const isOld = mark !== undefined && !isVoid && mark < 0n;',
  },
  {
    what: 'an advert of long ago counts',
    file: AUTH,
    from: 'if (isTimed && Math.abs(aheadSeconds(sequence, wallMs)) > windowSeconds)',
    to: 'if (isTimed && Math.abs(aheadSeconds(sequence, wallMs)) > 1e9)',
  },
  {
    what: 'any key will do',
    file: AUTH,
    from: 'if (!timingSafeEqual(hmac(key, input), trailer.subarray(AT.signature)))',
    to: 'if (hmac(key, input).length === 0)',
  },
  {
    what: 'no signature will do, too',
    file: AUTH,
    from: "return mode === 'enforce' ? { ok: false, drop: 'unsigned' } : { ok: true };",
    to: "return mode === 'enforce' ? { ok: true } : { ok: true };",
  },
  {
    what: 'who has no keys takes what is signed',
    file: 'src/vrrp/authenticate.ts',
    from: "return signature === undefined ? { ok: true } : { ok: false, drop: 'unexpected-signature' };",
    to: 'return signature === undefined ? { ok: true } : { ok: true };',
  },
  {
    what: 'a reload forgets what was heard',
    file: AUTH,
    from: 'marks: former?.marks ?? new Map() };',
    to: 'marks: new Map() };',
  },
  {
    what: 'what was heard before the clock was set back keeps its sender out',
    file: AUTH,
    from: 'Math.abs(aheadSeconds(mark, wallMs)) > windowSeconds;',
    to: 'Math.abs(aheadSeconds(mark, wallMs)) > 1e9;',
  },
  {
    what: 'a sequence never goes back, whatever the clock does',
    file: AUTH,
    from: 'aheadSeconds(last, wallMs) > settings.windowSeconds) return clock;',
    to: 'aheadSeconds(last, wallMs) > 1e9) return clock;',
  },
  {
    what: 'who starts again with an older clock does not go on from what it hears',
    file: AUTH,
    from: 'if (auth.last === undefined || isLater(sequence, auth.last)) auth.last = sequence;',
    to: '',
  },
  {
    what: 'a password of the right length will do',
    file: ACCEPT,
    from: "return timingSafeEqual(given, passwordField(own)) ? undefined : 'wrong-password';",
    to: "return given.length === passwordField(own).length ? undefined : 'wrong-password';",
  },
  {
    what: 'no password will do, too',
    file: ACCEPT,
    from: "if (given === undefined) return 'no-password';",
    to: 'if (given === undefined) return undefined;',
  },
];

export function sourceOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** The first seed that shows it, if any. */
async function firstSeedOf(
  { file, from, to }: Mutation,
  { scenario, seeds }: Proof,
): Promise<number | undefined> {
  const copy = mkdtempSync(join(tmpdir(), 'mutation-'));
  try {
    for (const part of ['src', 'test/sim', 'test/sync', 'package.json'])
      cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    writeFileSync(
      join(copy, file),
      sourceOf(file).replace(from, () => to),
    );
    const { attempt }: Scenario = await import(join(copy, scenario));
    for (let seed = 1; seed <= seeds; seed++) if (attempt(seed, undefined).failure !== undefined) return seed;
    return undefined;
  } finally {
    rmSync(copy, { recursive: true });
  }
}

export async function proveMutations(mutations: readonly Mutation[], proof: Proof): Promise<boolean> {
  let unseen = 0;
  for (const mutation of mutations) {
    const seed = await firstSeedOf(mutation, proof);
    if (seed === undefined) unseen++;
    console.log(
      `${seed === undefined ? 'NOT SEEN'.padStart(12) : `seed ${seed}`.padStart(12)}  ${mutation.what}`,
    );
  }
  console.log(`${mutations.length - unseen} of ${mutations.length} mistakes are seen`);
  return unseen === 0;
}
