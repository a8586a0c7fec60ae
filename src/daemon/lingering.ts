// Services that left the file together with the instance that has their addresses: until another director has
// these, packets come here, and the machine itself would refuse connections and forget those that are open.
import type { Address } from '../core/address.ts';
import type { Table } from '../ipvs/model.ts';

export class Lingering {
  readonly #apply: (table: Table) => Promise<void>;
  #addresses: ReadonlySet<Address> = new Set();
  /** What is wanted, and what was made of it. */
  #wanted: Table = new Map();
  #applied: Table = new Map();

  /** `apply`: resolves when the table is so. */
  constructor(apply: (table: Table) => Promise<void>) {
    this.#apply = apply;
  }

  /** As the constructor's `apply`; services at held addresses stay in the table. */
  want(table: Table): Promise<void> {
    this.#wanted = table;
    this.#applied = this.#withHeld(table);
    return this.#apply(this.#applied);
  }

  /** What is let go of leaves the table if nobody wants it. */
  async hold(addresses: ReadonlySet<Address>): Promise<void> {
    const before = this.#addresses;
    this.#addresses = addresses;
    if ([...before].some((address) => !addresses.has(address))) await this.want(this.#wanted);
  }

  #withHeld(table: Table): Table {
    if (this.#addresses.size === 0) return table;
    const held = [...this.#applied].filter(
      ([key, service]) => !table.has(key) && 'address' in service && this.#addresses.has(service.address),
    );
    return held.length === 0 ? table : new Map([...held, ...table]);
  }
}
