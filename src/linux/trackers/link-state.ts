// Asks the hardware, or its driver, whether an interface has a link: by the transceiver's registers (MII), by
// ethtool, or by the flags of the interface. Synchronous; a driver may take some milliseconds, so nobody asks
// who has an advert to send. Numbers of <linux/sockios.h>, <linux/ethtool.h>, <linux/mii.h>, <linux/if.h>.
import { AF, close, define, pointerTo, SOCK, socket } from '../libc.ts';

const ioctl = define<(fd: number, request: number, argument: Uint8Array) => number>('ioctl', 'int', [
  'int',
  'ulong',
  'void *',
]);
const SIOCG = { FLAGS: 0x8913, ETHTOOL: 0x8946, MII_PHY: 0x8947, MII_REGISTER: 0x8948 } as const;
/** struct ifreq; the rest is for a pointer, flags, or struct mii_ioctl_data. */
const REQUEST = { name: 0, longestName: 15, data: 16, size: 40 } as const;
const MII_DATA = { register: 18, out: 22 } as const;
/** Of the status register; it stays 0 after a loss until it has been read once. */
const STATUS = { register: 1, link: 4 } as const;
const ETHTOOL_LINK = 0x0a;
const UP_AND_RUNNING = 0x41;

export type LinkState = 'up' | 'down';

export class LinkProbes {
  readonly #fd = socket(AF.INET, SOCK.DGRAM, 0);

  /** Undefined: this way does not lead to the interface, or there is none of this name. */
  readonly MII = (name: string): LinkState | undefined => {
    const request = requestFor(name);
    if (ioctl(this.#fd, SIOCG.MII_PHY, request) < 0) return undefined;
    let status = 0;
    for (let reading = 0; reading < 2; reading++) {
      request.writeUInt16LE(STATUS.register, MII_DATA.register);
      if (ioctl(this.#fd, SIOCG.MII_REGISTER, request) < 0) return undefined;
      status |= request.readUInt16LE(MII_DATA.out);
    }
    if (status === 0) return undefined; // no transceiver
    return (status & STATUS.link) !== 0 ? 'up' : 'down';
  };

  readonly ETHTOOL = (name: string): LinkState | undefined => {
    const question = Buffer.alloc(8);
    question.writeUInt32LE(ETHTOOL_LINK, 0);
    const request = requestFor(name);
    request.writeBigUInt64LE(pointerTo(question), REQUEST.data);
    if (ioctl(this.#fd, SIOCG.ETHTOOL, request) < 0) return undefined;
    return question.readUInt32LE(4) !== 0 ? 'up' : 'down';
  };

  readonly IOCTL = (name: string): LinkState | undefined => {
    const request = requestFor(name);
    if (ioctl(this.#fd, SIOCG.FLAGS, request) < 0) return undefined;
    return (request.readUInt16LE(REQUEST.data) & UP_AND_RUNNING) === UP_AND_RUNNING ? 'up' : 'down';
  };

  close(): void {
    close(this.#fd);
  }
}

function requestFor(name: string): Buffer {
  const request = Buffer.alloc(REQUEST.size);
  request.write(name, REQUEST.name, REQUEST.longestName, 'latin1');
  return request;
}
