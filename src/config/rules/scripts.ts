// Programs that a configuration wants to run: are they there, and could somebody else than root change what
// root would run? Looking at files is the caller's; the rules are keepalived's (its -t ends with 6 for them).
import { type MentionedScript, userOf } from '../mentions.ts';
import type { Report } from '../report.ts';
import type { Settings } from '../settings.ts';

export type Script = {
  program: string;
  /** Undefined = nobody said, which is root. */
  user: string | undefined;
};
/** `unusable`: it cannot be run at all. `insecure`: root would run what others can change. */
export type ScriptFault = { kind: 'unusable' | 'insecure'; says: string };
export type InspectScript = (script: Script) => ScriptFault | undefined;

type Values = Readonly<Record<string, readonly { value: unknown; body?: Settings }[]>>;

/** `settings` of the whole file: who runs scripts when nobody else is named. */
export function checkScripts(
  mentioned: readonly MentionedScript[],
  settings: Settings,
  inspect: InspectScript,
  report: Report,
): void {
  const global = globals(settings);
  const byDefault = userOf(global.script_user?.at(-1)?.value);
  const isEnforced = global.enable_script_security !== undefined;
  const scripts = mentioned.map((found) => ({ ...found, user: found.user ?? byDefault }));
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
