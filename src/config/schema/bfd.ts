// The block `bfd_instance NAME { … }`. Defaults are keepalived 2.2.7's: keepalived.conf(5).
import { type Block, keyword } from './block.ts';
import { address, decimal, integer, nothing } from './shape.ts';
import { weightWord } from './trackers.ts';

/** Milliseconds. */
const LONGEST = 4_294_967;
const SHORTEST_IDLE = 1000;
/** As with scripts. */
const MOST_WEIGHT = 253;

const neighbour = address();

export const BFD_INSTANCE = {
  name: 'bfd_instance',
  keywords: {
    neighbor_ip: keyword(neighbour, 'address of the peer'),
    neighbour_ip: keyword(neighbour, 'another spelling of neighbor_ip'),
    source_ip: keyword(address(), "own address; default the kernel's choice"),
    min_rx: keyword(decimal(1, LONGEST), 'shortest time between packets heard, in milliseconds', {
      default: 10,
    }),
    min_tx: keyword(decimal(1, LONGEST), 'shortest time between packets sent, in milliseconds', {
      default: 10,
    }),
    idle_tx: keyword(
      decimal(SHORTEST_IDLE, LONGEST),
      'time between packets while the session is down, in milliseconds',
      { default: SHORTEST_IDLE },
    ),
    multiplier: keyword(integer(1, 255), 'packets missed before the session is down', { default: 5 }),
    passive: keyword(nothing, 'wait for the peer to begin'),
    ttl: keyword(integer(1, 255), 'TTL of packets over IPv4; default 255'),
    hoplimit: keyword(
      integer(1, 255),
      'hop limit of packets over IPv6; default 64, and 255 on both sides shuts out who is behind a router',
    ),
    max_hops: keyword(
      integer(-1, 255),
      'by how much the TTL of what is heard may be below ours; -1 and 255: by anything',
      { default: 0 },
    ),
    multihop: keyword(nothing, 'several hops between the two: port 4784 (RFC 5883)'),
    weight: keyword(weightWord(MOST_WEIGHT), 'weight where it is tracked without one; default 0: FAULT'),
    vrrp: keyword(nothing, 'VRRP hears of it: needed only beside `checker`'),
    checker: keyword(nothing, 'checks hear of it, and VRRP does not unless `vrrp` is there, too'),
  },
} as const satisfies Block;
