// Keeps packets to groups marked as the plan has it (`nftables_ipvs`), before the services by those marks are
// in the table and until after they are gone, so that no packet meets a mark that leads nowhere. Where nobody
// can mark, each address is a service of its own.
import { isDeepStrictEqual } from 'node:util';
import { strayMarks } from '../config/marks.ts';
import type { Configuration } from '../config/model.ts';
import type { Notice } from '../core/events.ts';
import { many } from '../core/many.ts';
import type { Plan } from '../director/plan-document.ts';
import { planMarking } from '../director/services.ts';
import { countChanges, type Marking, unmarkedPools } from '../ipvs/marking.ts';
import type { DataPlane } from '../ipvs/plane.ts';
import { Repairs } from './repairs.ts';

/** As often as the table of IPVS is looked at. */
const AUDIT_MS = 400;

export class MarkKeeper {
  readonly #plane: DataPlane;
  readonly #say: (notice: Notice) => void;
  #inForce: Marking | undefined;
  /** What the plan asks for is in force. */
  #isMarking = false;
  #audit: NodeJS.Timeout | undefined;
  /** Why it could not be marked, the last time. */
  #why: string | undefined;
  #strays: readonly string[] = [];
  readonly #repairs = new Repairs();

  constructor(plane: DataPlane, say: (notice: Notice) => void) {
    this.#plane = plane;
    this.#say = say;
  }

  /** Before the table: what of the plan is to be served. */
  async begin(plan: Plan, configuration: Configuration): Promise<Plan> {
    this.#reportStrays(plan, configuration);
    const wanted = planMarking(plan);
    this.#isMarking = false;
    if (wanted === undefined) return plan;
    const why = await this.#mark(wanted);
    this.#isMarking = why === undefined;
    if (why === undefined) return plan;
    if (why !== this.#why) this.#reportFailure(why, plan);
    this.#why = why;
    return { ...plan, pools: unmarkedPools(plan.pools) };
  }

  /** After the table: nothing is marked that is not to be. `isKept`: of a director that stops, too. */
  async end(plan: Plan | undefined, isKept = false): Promise<void> {
    const isWanted = plan !== undefined && this.#isMarking;
    if (!isWanted) clearInterval(this.#audit);
    if (isWanted || isKept || this.#inForce === undefined) return;
    const why = await this.#plane.marker.mark(undefined);
    const { table } = this.#inForce;
    this.#inForce = undefined;
    const fields = { table, ...(why === undefined ? {} : { why }) };
    const message =
      why === undefined ? 'no packet is marked any more' : `${table} could not be removed: ${why}`;
    this.#say({ event: 'marks.removed', message, fields });
  }

  async #mark(wanted: Marking): Promise<string | undefined> {
    if (isDeepStrictEqual(wanted, this.#inForce)) return undefined;
    const started = performance.now();
    const why = await this.#plane.marker.mark(wanted);
    if (why !== undefined) return why;
    const ms = Math.round((performance.now() - started) * 10) / 10;
    this.#reportApplied(wanted, { ...countChanges(this.#inForce, wanted), ms });
    this.#inForce = wanted;
    this.#why = undefined;
    clearInterval(this.#audit);
    if (this.#plane.marker.areChanged !== undefined)
      this.#audit = setInterval(() => void this.#look(), AUDIT_MS);
    return undefined;
  }

  async #look(): Promise<void> {
    const { marker } = this.#plane;
    if (this.#inForce === undefined || !marker.areChanged?.(performance.now())) return;
    if (!this.#repairs.allow(performance.now())) {
      if (!this.#repairs.isNews()) return;
      const { table } = this.#inForce;
      const message = `somebody else changes ${table} again and again: put back a few times in 10 s only`;
      return this.#say({ event: 'marks.contested', message, fields: { repairs: this.#repairs.count } });
    }
    const why = await marker.mark(this.#inForce);
    const { table } = this.#inForce;
    const message =
      why === undefined
        ? `somebody else had changed ${table}, which marks packets to groups: it was put back`
        : `somebody else has changed ${table}, and it cannot be put back: ${why}`;
    const fields = { table, repairs: this.#repairs.count, ...(why === undefined ? {} : { why }) };
    this.#say({ event: why === undefined ? 'marks.repaired' : 'marks.failed', message, fields });
  }

  #reportApplied({ table, maps }: Marking, counts: { added: number; removed: number; ms: number }): void {
    const ranges = maps.reduce((sum, { boxes }) => sum + boxes.length, 0);
    const marks = new Set(maps.flatMap(({ boxes }) => boxes.map(({ mark }) => mark)));
    const by = this.#plane.engine === 'kernel' ? table : 'the engine itself';
    const what = `${many(marks.size, 'mark')} for packets to ${many(ranges, 'range')} of addresses`;
    const message = `${what}, by ${by}: ${counts.added} added, ${counts.removed} removed`;
    this.#say({ event: 'marks.applied', message, fields: { table, marks: marks.size, ranges, ...counts } });
  }

  #reportFailure(why: string, { pools }: Plan): void {
    const groups = [...pools].flatMap(([name, { marked }]) => (marked === undefined ? [] : [name]));
    const which = groups.join(', ');
    const message = `no packet is marked (${why}): each address of ${which} is a service of its own`;
    this.#say({ event: 'marks.failed', message, fields: { why, groups } });
  }

  /** Once, for the same groups. */
  #reportStrays({ marks }: Plan, configuration: Configuration): void {
    const strays = marks === undefined ? [] : strayMarks(configuration, marks);
    if (strays.length > 0 && !isDeepStrictEqual(strays, this.#strays)) {
      const kept = strays.map((name) => `${name} ${marks!.of[name]}`).join(', ');
      const message =
        `marks are kept (${kept}) that a director started now with this file would not give: ` +
        'until this one is started anew, such a peer knows nothing of their persistence';
      this.#say({ event: 'marks.differ', message, fields: { groups: strays } });
    }
    this.#strays = strays;
  }
}
