// The sync document as text for people: bars, shares, a line for each service.
import { percent } from '../core/percent.ts';
import type { Copy } from '../sync/status.ts';
import type { SyncDocument } from './sync-document.ts';

type Running = Exclude<SyncDocument, { state: 'off' }>;
const BAR = 24;
const WORDS: Readonly<Record<Running['state'], string>> = {
  alone: 'not connected: the peer learns nothing of new sessions',
  resyncing: 'full copies are under way',
  complete: 'each knows what the other knows',
};

/** Ends with a line break. */
export function renderSync(document: SyncDocument): string {
  if (document.state === 'off') return 'no sync { … } in the configuration\n';
  return `${[...syncLines(document), '', ...serviceLines(document)].join('\n')}\n`;
}

/** Without the services. */
export function syncLines(document: Running): string[] {
  const { state, peer, peerEngine, connections, covered, coverage, lagMs } = document;
  const engine = peerEngine === undefined ? '' : ` (${peerEngine} engine)`;
  const lag = lagMs === undefined ? '' : `, lag ${lagMs} ms`;
  const { refusedHere, refusedByPeer, notKept } = document;
  const lost = [
    ...(refusedHere > 0 ? [`${grouped(refusedHere)} of the peer had no room or no use here`] : []),
    ...(refusedByPeer > 0 ? [`${grouped(refusedByPeer)} had no room or no use there`] : []),
    ...(notKept > 0 ? [`${grouped(notKept)} of this node's own had no room`] : []),
  ];
  return [
    `sync with ${peer}${engine}: ${WORDS[state]}`,
    `  on the peer  ${bar(coverage)} ${percent(coverage)} of ${grouped(connections)} connections${lag}`,
    ...(covered < connections ? [`               ${grouped(connections - covered)} would break`] : []),
    `  copy in      ${copyText(document.in)}`,
    `  copy out     ${copyText(document.out)}`,
    ...lost.map((line) => `  ${line}`),
  ];
}

function serviceLines({ services }: Running): string[] {
  if (services.length === 0) return ['no connections'];
  const names = services.map(({ service }) => service);
  const width = Math.max('service'.length, ...names.map(({ length }) => length));
  const head = `${'service'.padEnd(width)}  connections  on the peer`;
  const rows = services.map(
    ({ service, connections, coverage }) =>
      `${service.padEnd(width)}  ${grouped(connections).padStart(11)}  ${percent(coverage).padStart(11)}`,
  );
  return [head, ...rows];
}

function copyText({ entries, of, complete }: Copy): string {
  if (complete) return `${bar(1)} whole, ${grouped(entries)} entries so far`;
  if (of === undefined) return `${bar(0)} not begun`;
  return `${bar(of === 0 ? 1 : Math.min(1, entries / of))} ${grouped(entries)} of ${grouped(of)}`;
}

function bar(share: number): string {
  const full = Math.floor(share * BAR);
  return '█'.repeat(full) + '░'.repeat(BAR - full);
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
