// Findings as a person reads them: by real server, each with what to do when it is not right.
import { type Address, endpoint } from '../../core/address.ts';
import { methodName } from '../../core/forwarding.ts';
import { type Duty, distinctBy } from './duties.ts';
import type { Finding } from './finding.ts';

const WIDTH = 7;
const SHOWN = 4;

export function renderFindings(findings: readonly Finding[], duties: readonly Duty[]): string {
  const servers = [...new Set(findings.map(({ server }) => server))];
  return servers
    .map((server) => {
      const lines = findings.filter((finding) => finding.server === server).map(renderFinding);
      return `${headOf(server, duties)}\n${lines.join('')}`;
    })
    .join('\n');
}

function renderFinding({ level, code, says, hint }: Finding): string {
  const line = `  ${level.padEnd(WIDTH)} ${says}`;
  if (level === 'ok') return `${line}\n`;
  return `${line} [${code}]\n${hint === undefined ? '' : `  ${' '.repeat(WIDTH)} = ${hint}\n`}`;
}

function headOf(server: string, duties: readonly Duty[]): string {
  const own = distinctBy(
    duties.filter((duty) => duty.server === server),
    serviceOf,
  );
  if (own.length === 0) return server;
  const shown = own.slice(0, SHOWN).map(serviceOf).join(', ');
  const more = own.length > SHOWN ? ` and ${own.length - SHOWN} more` : '';
  return `real server ${server}: ${shown}${more}`;
}

function serviceOf({ protocol, vip, port, method }: Duty): string {
  return `${methodName(method)} of ${protocol} ${endpoint(vip, port)}`;
}

export function summary(findings: readonly Finding[]): string {
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  const [wrong, warnings] = [count('wrong'), count('warning')];
  if (wrong + warnings === 0) return `all of ${findings.length} as it has to be\n`;
  const said = [
    ...(wrong === 0 ? [] : [`${wrong} wrong`]),
    ...(warnings === 0 ? [] : [`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`]),
  ];
  return `${said.join(', ')}, ${count('ok')} as it has to be\n`;
}

export function listOf(addresses: readonly Address[]): string {
  const shown = addresses.slice(0, 2 * SHOWN).join(', ');
  return addresses.length > 2 * SHOWN ? `${shown} and ${addresses.length - 2 * SHOWN} more` : shown;
}
