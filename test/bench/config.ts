// Large configurations, from 100 to 50,000 virtual servers: how long the text takes to become a model, and
// `lvs-director check` beside `keepalived -t` on the same file. Shortest of several rounds in turn, each in a
// process of its own.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Link, type Program } from './link.ts';
import { type Row, row } from './row.ts';
import { manyServices, REAL_SERVERS } from './services.ts';

const ROOT = join(import.meta.dirname, '../..');
const BIN = join(ROOT, 'bin/lvs-director');
const ROUNDS = 5;
/** A reader that is quadratic would else keep the bench for hours. */
const LIMIT_S = 60;
const SIZES = [100, 1_000, 5_000, 20_000, 50_000] as const;
/** What we want, at this size. */
const WANTED: Readonly<Record<number, { ms: string; mb: string }>> = {
  5000: { ms: '≤ 500', mb: '≤ 200' },
};

type Cost = { ms: number; peakMb: number };
type Costs = { reading: Cost; ours: Cost; theirs: Cost | undefined };

export async function run(): Promise<Row[]> {
  const link = new Link('config');
  try {
    return SIZES.flatMap((services) => rowsFor(services, measure(link, services)));
  } finally {
    link.remove();
  }
}

function rowsFor(services: number, { reading, ours, theirs }: Costs): Row[] {
  const wanted = WANTED[services];
  const name = `${services.toLocaleString('en')} × ${REAL_SERVERS} servers`;
  const process = theirs === undefined ? `whole check (keepalived: more than ${LIMIT_S} s)` : 'whole check';
  const beside = (figure: keyof Cost, share = 1) =>
    theirs === undefined ? {} : { theirs: theirs[figure] * share };
  const each = 1_000 / services;
  return [
    row({ name: `${name}: text to model`, ours: reading.ms, unit: 'ms', ...bound(wanted?.ms) }),
    row({ name: `${name}: the same, each`, ours: reading.ms * each, unit: 'µs' }),
    row({ name: `${name}: ${process}`, ours: ours.ms, unit: 'ms', ...beside('ms') }),
    row({ name: `${name}: the same, each`, ours: ours.ms * each, unit: 'µs', ...beside('ms', each) }),
    row({
      name: `${name}: peak memory`,
      ours: ours.peakMb,
      unit: 'MB',
      ...beside('peakMb'),
      ...bound(wanted?.mb),
    }),
  ];
}

function bound(words: string | undefined): { bound?: string } {
  return words === undefined ? {} : { bound: words };
}

function measure(link: Link, services: number): Costs {
  const file = join(link.directory, `${services}.conf`);
  writeFileSync(file, manyServices(services, { isChecked: true, more: 0 }));
  const reading: Cost[] = [];
  const ours: Cost[] = [];
  const theirs: (Cost | undefined)[] = [];
  check(link, 'lvs-director', file); // fills the compile cache
  for (let round = 0; round < ROUNDS; round++) {
    reading.push(read(file, services));
    ours.push(check(link, 'lvs-director', file)!);
    if (!theirs.includes(undefined)) theirs.push(check(link, 'keepalived', file));
  }
  const kept = theirs.filter((cost) => cost !== undefined);
  return {
    reading: least(reading),
    ours: least(ours),
    theirs: kept.length < theirs.length ? undefined : least(kept),
  };
}

/** On the same Node, with the same flags and the same cache as the director. */
function read(file: string, services: number): Cost {
  const flags = /^flags='(.*)'$/m.exec(readFileSync(BIN, 'utf8'))![1]!.split(' ');
  const program = join(import.meta.dirname, 'read-main.ts');
  const cache = process.env.NODE_COMPILE_CACHE ?? join(ROOT, '.cache/compile');
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, program, file], {
    encoding: 'utf8',
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  });
  const found = JSON.parse(stdout || '{}') as Cost & { services: number; complaints: number };
  if (found.services !== services || found.complaints > 0)
    throw new Error(`not read as meant: ${stdout}${stderr}`);
  return found;
}

/** The file must pass. Undefined when it takes too long. Peak memory is the kernel's figure, by GNU time. */
function check(link: Link, program: Program, file: string): Cost | undefined {
  const command = program === 'keepalived' ? ['keepalived', '-t', '-f', file] : [BIN, 'check', file];
  const limited = ['timeout', String(LIMIT_S), '/usr/bin/time', '-f', 'peak %M kB', ...command];
  const startedMs = performance.now();
  const { status, stdout, stderr } = spawnSync('ip', ['netns', 'exec', link.director, ...limited], {
    encoding: 'utf8',
  });
  const ms = performance.now() - startedMs;
  if (status === 124) return undefined;
  const peak = /peak (\d+) kB/.exec(stderr);
  if (status !== 0 || peak === null)
    throw new Error(`${command.join(' ')}: exit code ${status}\n${stdout}${stderr}`);
  return { ms, peakMb: (Number(peak[1]) * 1_024) / 1e6 };
}

function least(costs: readonly Cost[]): Cost {
  return {
    ms: Math.min(...costs.map(({ ms }) => ms)),
    peakMb: Math.min(...costs.map(({ peakMb }) => peakMb)),
  };
}
