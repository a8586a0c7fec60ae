// A packet socket on one interface: raw Ethernet frames with their virtio_net_hdr, both ways. Sees only what
// its filter lets through, never what this machine sends itself.
import { attachProgram } from '../bpf.ts';
import { AF, bind, close, SOCK, SOL, setReceiveBuffer, setsockopt, setsockoptInt, socket } from '../libc.ts';
import { sockaddrLl } from '../sockaddr.ts';
import { SendBatch } from './batch.ts';
import { filterProgram, type Wanted } from './filter.ts';

/** Options of level SOL.PACKET, <linux/if_packet.h>. */
const PACKET = { ADD_MEMBERSHIP: 1, DROP_MEMBERSHIP: 2, STATISTICS: 6, VNET_HDR: 15, IGNORE_OUTGOING: 23 };
const MEMBERSHIP_UNICAST = 3;
const ETH_P_ALL = 0x0003;
const RECEIVE_BUFFER = 8 * 1024 * 1024;

export class PacketSocket {
  readonly fd: number;
  readonly ifindex: number;
  readonly out = new SendBatch();
  #macs = new Map<number, Buffer>();

  /** Receives nothing until {@link want} is called. */
  constructor(ifindex: number) {
    this.ifindex = ifindex;
    // Protocol 0: until it is bound, with its filter in place, not a single frame is queued.
    this.fd = socket(AF.PACKET, SOCK.RAW, 0);
    try {
      setsockoptInt(this.fd, SOL.PACKET, PACKET.VNET_HDR, 1);
      setsockoptInt(this.fd, SOL.PACKET, PACKET.IGNORE_OUTGOING, 1);
      setReceiveBuffer(this.fd, RECEIVE_BUFFER);
      attachProgram(this.fd, filterProgram({ vrids: [] }));
      bind(this.fd, sockaddrLl(ifindex, ETH_P_ALL));
    } catch (error) {
      close(this.fd);
      throw error;
    }
  }

  /** What to receive from now on. The interface's own filter is opened for the virtual MACs too. */
  want(wanted: Wanted): void {
    for (const [vrid, request] of this.#macs) {
      if (wanted.vrids.includes(vrid)) continue;
      setsockopt(this.fd, SOL.PACKET, PACKET.DROP_MEMBERSHIP, request);
      this.#macs.delete(vrid);
    }
    for (const vrid of wanted.vrids) {
      if (this.#macs.has(vrid)) continue;
      const request = membership(this.ifindex, vrid);
      setsockopt(this.fd, SOL.PACKET, PACKET.ADD_MEMBERSHIP, request);
      this.#macs.set(vrid, request);
    }
    attachProgram(this.fd, filterProgram(wanted));
  }

  close(): void {
    close(this.fd);
  }
}

/** struct packet_mreq for 00-00-5E-00-01-{vrid}. */
function membership(ifindex: number, vrid: number): Buffer {
  const request = Buffer.alloc(16);
  request.writeInt32LE(ifindex, 0);
  request.writeUInt16LE(MEMBERSHIP_UNICAST, 4);
  request.writeUInt16LE(6, 6);
  request.set([0x00, 0x00, 0x5e, 0x00, 0x01, vrid], 8);
  return request;
}
