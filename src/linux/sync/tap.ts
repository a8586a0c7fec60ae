// Hears what the kernel's master thread says: a packet socket that sees what goes out by the interface.
// Nothing of it passes through the machine's own input, so neither its filters nor its source checks matter.
import { addressBytes } from '../../core/address.ts';
import { PROTOCOL } from '../../core/ip-header.ts';
import { attachProgram, CODE, DROP, instruction, PASS } from '../bpf.ts';
import {
  AF,
  bind,
  close,
  ETH_P_ALL,
  lostPackets,
  MSG,
  recv,
  SOCK,
  setReceiveBuffer,
  socket,
} from '../libc.ts';
import { sockaddrLl } from '../sockaddr.ts';
import { FROM_KERNEL } from './kernel-device.ts';

const RECEIVE_BUFFER = 32 * 1024 * 1024;
const DATAGRAM_MAX = 0x10000;
/** Of an IP packet without options, as the kernel makes it. */
const AT = { protocol: 9, destination: 16, port: 22, datagram: 28 } as const;

export class Tap {
  readonly fd: number;
  readonly #in = Buffer.alloc(DATAGRAM_MAX);

  constructor(interfaceIndex: number) {
    // Protocol 0: until it is bound, with its filter in place, nothing is queued.
    this.fd = socket(AF.PACKET, SOCK.DGRAM, 0);
    try {
      setReceiveBuffer(this.fd, RECEIVE_BUFFER);
      attachProgram(this.fd, program());
      // What goes out is shown to those who want every protocol.
      bind(this.fd, sockaddrLl(interfaceIndex, ETH_P_ALL));
    } catch (error) {
      close(this.fd);
      throw error;
    }
  }

  /** The next sync datagram that waits, valid until the next call. */
  receive(): Buffer | undefined {
    const length = recv(this.fd, this.#in, MSG.DONTWAIT);
    return length < AT.datagram ? undefined : this.#in.subarray(AT.datagram, length);
  }

  /** How many were lost since this was asked last, because nobody took them in time. */
  lost(): number {
    return lostPackets(this.fd);
  }

  close(): void {
    close(this.fd);
  }
}

/** Sync datagrams of the kernel, and not what it is told. */
function program(): Buffer {
  return Buffer.concat([
    instruction(CODE.loadByte, 0, 0, AT.protocol),
    instruction(CODE.jumpEqual, 0, 5, PROTOCOL.udp),
    instruction(CODE.loadWord, 0, 0, AT.destination),
    instruction(CODE.jumpEqual, 0, 3, addressBytes(FROM_KERNEL.group).readUInt32BE(0)),
    instruction(CODE.loadHalf, 0, 0, AT.port),
    instruction(CODE.jumpEqual, 0, 1, FROM_KERNEL.port),
    PASS,
    DROP,
  ]);
}
