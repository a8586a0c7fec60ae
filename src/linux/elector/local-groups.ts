// `disable_local_igmp`: the kernel reports no groups of 224.0.0.0/24, which every switch floods anyway. As it
// was before at the end.
import { type FormerLedger, Sysctls } from '../sysctl.ts';

const REPORTS = 'ipv4/igmp_link_local_mcast_reports';

export class LocalGroups {
  /** A kernel that does not let us goes on reporting, which is what it did before. */
  readonly #sysctls: Sysctls;

  constructor(ledger: FormerLedger) {
    this.#sysctls = new Sysctls(() => {}, ledger);
  }

  follow(silent: boolean): void {
    if (silent) this.#sysctls.set(REPORTS, 0);
    else this.#sysctls.restore();
  }
}
