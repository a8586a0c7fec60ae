// `vrrp_netlink_…_rcv_bufs`: how much the kernel keeps of what it answers and tells, while the elector does
// not come to read. What is lost of events is looked up again, which takes longer than to read them.
import type { Notice } from '../../core/events.ts';
import type { ElectorSettings, NetlinkBuffer } from '../../vrrp/settings.ts';

type Sized = { keepBuffer(wanted: NetlinkBuffer | undefined): number };
type Which = 'netlinkCommands' | 'netlinkEvents';

export class NetlinkBuffers {
  readonly #sockets: Readonly<Record<Which, Sized>>;
  readonly #say: (notice: Notice) => void;
  readonly #asked = new Map<Which, string>();

  constructor(sockets: Readonly<Record<Which, Sized>>, say: (notice: Notice) => void) {
    this.#sockets = sockets;
    this.#say = say;
  }

  follow(settings: ElectorSettings): void {
    for (const which of ['netlinkCommands', 'netlinkEvents'] as const) {
      const wanted = settings[which];
      const asked = JSON.stringify(wanted) ?? '';
      if (asked === (this.#asked.get(which) ?? '')) continue;
      this.#asked.set(which, asked);
      const bytes = this.#sockets[which].keepBuffer(wanted);
      if (wanted !== undefined && bytes < wanted.bytes) this.#sayLess(which, bytes, wanted);
    }
  }

  #sayLess(which: Which, bytes: number, { bytes: asked, forced }: NetlinkBuffer): void {
    const word = `vrrp_netlink_${which === 'netlinkCommands' ? 'cmd' : 'monitor'}_rcv_bufs`;
    const message = `${word}: ${bytes} bytes, not ${asked}: the limit of the system`;
    const hint = forced ? 'give the process CAP_NET_ADMIN' : `raise net.core.rmem_max, or add ${word}_force`;
    this.#say({ event: 'netlink.buffer', message, fields: { bytes, asked, hint } });
  }
}
