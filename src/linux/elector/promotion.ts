// promote_secondaries of interfaces: without it the kernel removes with the first address of a subnet all
// others of it, those of the machine too. Set while an instance asks for it, then as it was before.
import { readFileSync, writeFileSync } from 'node:fs';
import { allVips } from '../../vrrp/instance.ts';
import type { InstanceSettings } from '../../vrrp/settings.ts';

export class Promotion {
  /** What each had before us. */
  readonly #before = new Map<string, string>();

  follow(instances: readonly InstanceSettings[]): void {
    const wanted = new Set(instances.filter((own) => own.promoteSecondaries).flatMap(interfacesOf));
    for (const name of wanted) if (!this.#before.has(name)) this.#set(name);
    for (const [name, value] of this.#before) {
      if (wanted.has(name)) continue;
      this.#before.delete(name);
      write(name, value);
    }
  }

  #set(name: string): void {
    const value = read(name);
    if (value !== undefined && write(name, '1')) this.#before.set(name, value);
  }
}

function interfacesOf(own: InstanceSettings): string[] {
  return [own.interface, ...allVips(own).map((vip) => vip.interface)];
}
function path(name: string): string {
  return `/proc/sys/net/ipv4/conf/${name}/promote_secondaries`;
}
/** An interface may be gone, or /proc be read-only: then it stays as it is. */
function read(name: string): string | undefined {
  try {
    return readFileSync(path(name), 'latin1').trim();
  } catch {
    return undefined;
  }
}
function write(name: string, value: string): boolean {
  try {
    writeFileSync(path(name), value);
    return true;
  } catch {
    return false;
  }
}
