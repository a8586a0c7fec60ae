// What idle connections are forgotten after: IPVS's own seconds for each state, of which three can be changed
// (ip_vs_set_timeout of net/netfilter/ipvs/ip_vs_ctl.c). A change holds from a connection's next packet on.
import { PROTOCOL } from '../../core/ip-header.ts';
import type { Timeouts } from '../plane.ts';
import { protocolOf } from './frame.ts';
import { SCTP_SECONDS } from './sctp.ts';
import { TCP_STATE } from './tcp.ts';

/** By the numbers of TCP_STATE (ip_vs_proto_tcp.c). */
const TCP_SECONDS = [2, 900, 120, 60, 120, 120, 10, 60, 30, 120, 120];
const UDP_SECONDS = 300;

export class StateTimeouts {
  readonly #tcp = Uint32Array.from(TCP_SECONDS);
  #udpSeconds = UDP_SECONDS;

  /** Of a connection in `state`; UDP has one. */
  seconds(flow: number, state: number): number {
    const protocol = protocolOf(flow);
    if (protocol === PROTOCOL.tcp) return this.#tcp[state]!;
    return protocol === PROTOCOL.udp ? this.#udpSeconds : SCTP_SECONDS[state]!;
  }

  /** 0 leaves one as it is. */
  change({ tcpSeconds, tcpFinSeconds, udpSeconds }: Timeouts): void {
    if (tcpSeconds > 0) this.#tcp[TCP_STATE.established] = tcpSeconds;
    if (tcpFinSeconds > 0) this.#tcp[TCP_STATE.finWait] = tcpFinSeconds;
    if (udpSeconds > 0) this.#udpSeconds = udpSeconds;
  }

  read(): Timeouts {
    return {
      tcpSeconds: this.#tcp[TCP_STATE.established]!,
      tcpFinSeconds: this.#tcp[TCP_STATE.finWait]!,
      udpSeconds: this.#udpSeconds,
    };
  }
}
