// What the configuration says about IPVS as a whole: its timeouts, that its table is cleared, and how it is
// reached. What was there before comes back at the end.
import { isDeepStrictEqual } from 'node:util';
import type { IpvsWords } from '../config/model-services.ts';
import type { Notice } from '../core/events.ts';
import type { DataPlane, Timeouts } from '../ipvs/plane.ts';

export class IpvsSettings {
  readonly #plane: DataPlane;
  readonly #say: (notice: Notice) => void;
  /** Before they were first changed. */
  #original: Timeouts | undefined;
  #applied: Timeouts | undefined;
  #buffer: IpvsWords['netlinkBuffer'];

  constructor(plane: DataPlane, say: (notice: Notice) => void) {
    this.#plane = plane;
    this.#say = say;
  }

  /** Those that come back at the end; undefined = none were changed. */
  get original(): Timeouts | undefined {
    return this.#original;
  }
  /** A balancer that died had changed them. */
  adopt(original: Timeouts | undefined): void {
    this.#original = original;
  }

  /** Undefined = those that were there before. */
  async apply(timeouts: Timeouts | undefined): Promise<void> {
    if (isDeepStrictEqual(timeouts, this.#applied)) return;
    this.#original ??= (await this.#plane.readInfo()).timeouts;
    // One that is not given any more goes back, too.
    const wanted = { ...this.#original, ...Object.fromEntries(given(timeouts)) };
    await this.#plane.changeTimeouts(wanted);
    this.#applied = timeouts;
    const { tcpSeconds, tcpFinSeconds, udpSeconds } = wanted;
    const seconds = `${tcpSeconds} (TCP), ${tcpFinSeconds} (its end) and ${udpSeconds} s (UDP)`;
    const message = `idle connections are forgotten after ${seconds}`;
    this.#say({ event: 'ipvs.timeouts', message, fields: wanted });
  }

  /** `lvs_netlink_cmd_rcv_bufs`; undefined = as usual. */
  keepBuffer(wanted: IpvsWords['netlinkBuffer']): void {
    if (isDeepStrictEqual(wanted, this.#buffer)) return;
    this.#buffer = wanted;
    const bytes = this.#plane.keepBuffer?.(wanted);
    if (wanted === undefined || bytes === undefined || bytes >= wanted.bytes) return;
    const word = 'lvs_netlink_cmd_rcv_bufs';
    const message = `${word}: ${bytes} bytes, not ${wanted.bytes}: the limit of the system`;
    const hint = wanted.forced
      ? 'give the process CAP_NET_ADMIN'
      : `raise net.core.rmem_max, or add ${word}_force`;
    this.#say({ event: 'netlink.buffer', message, fields: { bytes, asked: wanted.bytes, hint } });
  }

  async flush(): Promise<void> {
    if (this.#plane.flush === undefined) return;
    await this.#plane.flush();
    this.#say({ event: 'ipvs.flushed', message: 'the whole IPVS table was cleared, as the file says' });
  }
}

function given(timeouts: Timeouts | undefined): [string, number][] {
  return Object.entries(timeouts ?? {}).filter(([, seconds]) => seconds > 0);
}
