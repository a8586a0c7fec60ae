// What a program with all its processes takes, memory and processor, as the kernel counts it.
import { readdirSync, readFileSync } from 'node:fs';

/** Fields of proc_pid_stat(5) behind the name. */
const STAT = { user: 11, system: 12 } as const;
/** sysconf(_SC_CLK_TCK), the same on all architectures of Node. */
const TICKS_PER_SECOND = 100;

/** Megabytes of 1,000,000 bytes. */
export type Footprint = {
  processes: { pid: number; command: string; rssMb: number; pssMb: number }[];
  rssMb: number;
  /** Pages that several processes share count by their share. */
  pssMb: number;
};

export function footprint(pid: number): Footprint {
  const processes = treeOf(pid).map((member) => {
    const rollup = readFileSync(`/proc/${member}/smaps_rollup`, 'utf8');
    const command = readFileSync(`/proc/${member}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return {
      pid: member,
      command,
      rssMb: kilobytes(rollup, 'Rss') / 1e3,
      pssMb: kilobytes(rollup, 'Pss') / 1e3,
    };
  });
  const sum = (figure: 'rssMb' | 'pssMb') => processes.reduce((total, member) => total + member[figure], 0);
  return { processes, rssMb: sum('rssMb'), pssMb: sum('pssMb') };
}

/** So far, of all that live. */
export function processorSeconds(pid: number): number {
  const ticks = treeOf(pid).map((member) => {
    const fields = readFileSync(`/proc/${member}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(fields[STAT.user]) + Number(fields[STAT.system]);
  });
  return ticks.reduce((sum, own) => sum + own, 0) / TICKS_PER_SECOND;
}

/** The process and all that descend from it. */
function treeOf(pid: number): number[] {
  const children = Map.groupBy(
    readdirSync('/proc')
      .map(Number)
      .filter(Number.isInteger)
      .map((member) => [member, parentOf(member)] as const),
    ([, parent]) => parent,
  );
  const tree = [pid];
  for (const member of tree) tree.push(...(children.get(member) ?? []).map(([child]) => child));
  return tree;
}

/** Undefined when the process ended meanwhile. */
function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}

/** smaps_rollup says kB and means 1,024 bytes. */
function kilobytes(rollup: string, name: string): number {
  return (Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(rollup)![1]) * 1_024) / 1_000;
}
