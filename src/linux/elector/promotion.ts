// promote_secondaries of interfaces: without it the kernel removes with the first address of a subnet all
// others of it, those of the machine too. Set while an instance asks for it, then as it was before.
import { allVips } from '../../vrrp/instance.ts';
import type { InstanceSettings } from '../../vrrp/settings.ts';
import { type FormerLedger, Sysctls } from '../sysctl.ts';

export class Promotion {
  /** An interface may be gone, or /proc be read-only: then it stays as it is. */
  readonly #sysctls: Sysctls;
  #promoting: ReadonlySet<string> = new Set();

  constructor(ledger: FormerLedger) {
    this.#sysctls = new Sysctls(() => {}, ledger);
  }

  follow(instances: readonly InstanceSettings[]): void {
    const wanted = new Set(instances.filter((own) => own.promoteSecondaries).flatMap(interfacesOf));
    for (const name of wanted) this.#sysctls.set(pathOf(name), 1);
    for (const name of this.#promoting) if (!wanted.has(name)) this.#sysctls.restore(pathOf(name));
    this.#promoting = wanted;
  }
}

function interfacesOf(own: InstanceSettings): string[] {
  return [own.interface, ...allVips(own).map((vip) => vip.interface)];
}
function pathOf(name: string): string {
  return `ipv4/conf/${name}/promote_secondaries`;
}
