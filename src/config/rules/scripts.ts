// Programs that a configuration wants to run: are they there, and could somebody else than root change what
// root would run? Looking at files is the caller's; the rules are keepalived's (its -t ends with 6 for them).
import type { Located, Span } from '../../core/diagnostic.ts';
import { commandWords } from '../command.ts';
import type { Report } from '../report.ts';
import { type Block, knownWords } from '../schema/block.ts';
import type { Settings } from '../settings.ts';

export type Script = {
  program: string;
  /** Undefined = nobody said, which is root. */
  user: string | undefined;
};
/** `unusable`: it cannot be run at all. `insecure`: root would run what others can change. */
export type ScriptFault = { kind: 'unusable' | 'insecure'; says: string };
export type InspectScript = (script: Script) => ScriptFault | undefined;

type Found = Script & { at: Span };
type Values = Readonly<Record<string, readonly { value: unknown; body?: Settings }[]>>;

export function checkScripts(settings: Settings, inspect: InspectScript, report: Report): void {
  const global = globals(settings);
  const byDefault = textOf(global.script_user?.at(-1)?.value, 'user');
  const isEnforced = global.enable_script_security !== undefined;
  const scripts = [...scriptsIn(settings)].map((found) => ({ ...found, user: found.user ?? byDefault }));
  for (const script of scripts) {
    const fault = inspect(script);
    if (fault === undefined) continue;
    const { kind, says } = fault;
    const isSecurity = kind === 'insecure' && !(report.compat && isEnforced);
    report.add(isSecurity ? 'CFG_SCRIPT_SECURITY' : 'CFG_SCRIPT', script.at, `${script.program} ${says}`);
  }
  const [first] = scripts;
  if (report.compat && !isEnforced && first !== undefined && !report.has('CFG_SCRIPT'))
    report.add(
      'CFG_SCRIPT_SECURITY',
      first.at,
      'scripts are run without enable_script_security',
      'keepalived complains of this; lvs-director never lets root run what others can change',
    );
}

function globals({ values }: Settings): Values {
  const blocks = (values as Values).global_defs ?? [];
  return Object.assign({}, ...blocks.map(({ body }) => body?.values ?? {}));
}

function* scriptsIn({ block, values }: Settings): Generator<Found> {
  const words = knownWords(block as Block);
  for (const [word, settings] of Object.entries(values as Values))
    for (const { value, body } of settings) {
      const command = words.get(word)?.takes.isScript ? partOf(value, 'command') : undefined;
      if (command !== undefined)
        yield { program: commandWords(command.value)[0] ?? '', user: textOf(value, 'user'), at: command.at };
      if (body !== undefined) yield* scriptsIn(body);
    }
}

function partOf(value: unknown, part: string): Located<string> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Readonly<Record<string, Located<string>>>)[part];
}

/** A leading colon only asks for supplementary groups. */
function textOf(value: unknown, part: string): string | undefined {
  return partOf(value, part)?.value.replace(/^:/, '');
}
