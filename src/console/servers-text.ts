// Orders for real servers, and what becomes of them, for people.
import { many } from '../core/many.ts';
import type { ShownServer } from '../director/weights/shown.ts';
import { loadText } from '../director/weights/wording.ts';
import type { OrderWord, PeerAnswer, ServersLine, ServersRequest } from './servers-document.ts';

/** Each line ends with a line break. */
export function renderLine(line: ServersLine, request: ServersRequest): string {
  if (line.step === 'peer') return `${peerText(line.peer)}\n`;
  const { step, atMs, servers } = line;
  const render = { plan: planOf, progress: progressOf, result: resultOf }[step];
  return servers.map((server) => `${render(server, request, atMs)}\n`).join('');
}

/** Everything of every server, in columns. */
export function renderServers(servers: readonly ShownServer[]): string {
  const rows = servers.map((one) => [one.service, one.server, one.state, weightOf(one), tellsOf(one)]);
  const head = ['SERVICE', 'SERVER', 'STATE', 'WEIGHT', ''];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

function nameOf({ service, server }: ShownServer): string {
  return `${server} of ${service}`;
}

function weightOf({ weight, weightNow }: ShownServer): string {
  if (weightNow === undefined) return `${weight} (out)`;
  return weightNow === weight ? String(weight) : `${weightNow} (${weight})`;
}

function tellsOf({ isLeaving, load, leftMs, drained, state }: ShownServer): string {
  const parts = [
    ...(isLeaving ? ['has left the file'] : []),
    ...(load === undefined ? [] : [loadText(load)]),
    ...(leftMs === undefined ? [] : [`${seconds(leftMs)} ${state === 'growing' ? 'to grow' : 'left'}`]),
    ...(drained === undefined ? [] : [drainedText(drained)]),
  ];
  return parts.join(', ');
}

const NEXT: Readonly<Record<OrderWord, (server: ShownServer, request: ServersRequest) => string>> = {
  ready: ({ weight }) => `${weight}, as the file says`,
  drain: () => '0; it leaves with its last connection',
  maint: () => 'out at once, its connections end; no checks',
  weight: (_, { weight }) => `${weight}`,
};

function planOf(server: ShownServer, request: ServersRequest): string {
  const { weightNow } = server;
  const now = weightNow === undefined ? 'out' : `weight ${weightNow}`;
  return `${request.order} ${nameOf(server)}: ${now} → ${NEXT[request.order](server, request)}`;
}

function progressOf(server: ShownServer, _: ServersRequest, atMs: number): string {
  return `${seconds(atMs).padStart(9)}  ${nameOf(server)}: ${server.state}${withComma(tellsOf(server))}`;
}

function resultOf(server: ShownServer): string {
  const now = server.weightNow === undefined ? 'out' : `weight ${server.weightNow}`;
  return `${nameOf(server)}: ${server.state}, ${now}${withComma(tellsOf(server))}`;
}

function peerText({ address, state, unknown }: PeerAnswer): string {
  if (state === 'away') return `not yet on the peer ${address}: it is not connected, and is told when it is`;
  if (state === 'silent')
    return `the peer ${address} does not say that it has this: it may be of an older version`;
  if (unknown.length === 0) return `also on the peer ${address}`;
  const names = unknown.map(({ service, server }) => `${server} of ${service}`).join(', ');
  return `also on the peer ${address}; it does not know: ${names}`;
}

function drainedText({ ms, cut }: { ms: number; cut: number }): string {
  const what =
    cut === 0 ? 'no connection was cut' : `${many(cut, 'connection')} ${cut === 1 ? 'was' : 'were'} cut`;
  return `drained in ${seconds(ms)}, ${what}`;
}

function withComma(text: string): string {
  return text === '' ? '' : `, ${text}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
