// The kernel's settings that sync through user space needs, and what they were before.
import type { Notice } from '../../core/events.ts';
import { readSysctl, writeSysctl } from '../sysctl.ts';

const SOCKET_BUFFER = 8 * 1024 * 1024;
/**
 * No less than that. The first two are of the whole machine (a network namespace has not got them), and only
 * allow what others ask for. What waits for the master thread beyond the last one is dropped without a word;
 * its default is by memory, 4,000 on a small machine.
 */
const LEAST: Readonly<Record<string, number>> = {
  'core/rmem_max': SOCKET_BUFFER,
  'core/wmem_max': SOCKET_BUFFER,
  'ipv4/vs/sync_qlen_max': 262_144,
};
/** Read when the sync threads start. */
const SETTINGS: Readonly<Record<string, string>> = {
  sync_version: '1',
  sync_ports: '1',
  // With a period of 0 a connection is told of at its first packet, also one that says nothing more.
  sync_threshold: '0 0',
  sync_refresh_period: '10',
  // The way to us loses nothing that we do not hear of.
  sync_retries: '0',
  sync_persist_mode: '0',
  sync_sock_size: String(SOCKET_BUFFER),
  // Both threads run all the time: with it the kernel would not forward.
  backup_only: '0',
};
const ADVISED_TABLE_BITS = 17;

export class KernelSettings {
  readonly #before = new Map<string, string>();

  get former(): ReadonlyMap<string, string> {
    return this.#before;
  }
  adopt(former: ReadonlyMap<string, string>): void {
    for (const [path, value] of former) this.#before.set(path, value);
  }

  /** `tableSize`: how many buckets the kernel's connection table has. */
  apply(tableSize: number, say: (notice: Notice) => void): void {
    for (const [path, least] of Object.entries(LEAST)) {
      const now = readSysctl(path);
      if (now !== undefined && Number(now) < least) this.#set(path, String(least), say);
    }
    for (const [name, value] of Object.entries(SETTINGS)) this.#set(`ipv4/vs/${name}`, value, say);
    const changed = [...this.#before].map(
      ([path, before]) => `${nameOf(path)} ${before} → ${LEAST[path] ?? SETTINGS[nameOf(path)]}`,
    );
    const bits = Math.log2(tableSize);
    const hint =
      bits < ADVISED_TABLE_BITS
        ? `; options ip_vs conn_tab_bits=${ADVISED_TABLE_BITS} (now ${bits}) makes a large table faster`
        : '';
    const message = `the kernel's sync settings: ${changed.join(', ') || 'as they have to be'}${hint}`;
    const before = Object.fromEntries([...this.#before].map(([path, value]) => [nameOf(path), value]));
    say({ event: 'sync.settings', message, fields: { ...SETTINGS, before, connectionTableBits: bits } });
  }

  restore(): void {
    for (const [path, value] of this.#before) writeSysctl(path, value);
    this.#before.clear();
  }

  #set(path: string, value: string, say: (notice: Notice) => void): void {
    const before = current(path);
    if (before === undefined || before === value) return;
    const reason = writeSysctl(path, value);
    if (reason === undefined) {
      if (!this.#before.has(path)) this.#before.set(path, before);
      return;
    }
    const message = `${nameOf(path)} stays ${before} instead of ${value}: ${reason}`;
    say({ event: 'sync.settings', message, fields: { path, reason } });
  }
}

function current(path: string): string | undefined {
  return readSysctl(path)?.replace(/\s+/g, ' ');
}
function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
