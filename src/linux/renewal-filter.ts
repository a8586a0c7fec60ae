// Of thousands of virtual addresses each is a lease that is renewed each second or two, and the kernel tells
// everybody of it who listens to addresses. This program, for the sockets that do, drops that and nothing
// else: that an address came, changed its state or went is told as before. Kernels before 5.18 do not keep
// whose an address is (IFA_PROTO), and there it drops nothing.
import { CODE, DROP, instruction, PASS } from './bpf.ts';

/** RTPROT_KEEPALIVED of <linux/rtnetlink.h>: an address that VRRP manages. */
export const ORIGIN_VRRP = 18;

/** Offsets in a netlink message of rtnetlink: struct nlmsghdr, then struct ifaddrmsg, then attributes. */
const AT = { type: 4, family: 16, flags: 18, attributes: 24 } as const;
/** RTM_NEWADDR, which is in the machine's order of bytes, as a program reads it. */
const NEWADDR = 0x1400;
const INET = 2;
/** IFA_F_NODAD: without it the end of the detection of duplicates looks like a renewal. */
const NODAD = 0x02;
const IFA = { CACHEINFO: 6, PROTO: 11 } as const;
/** Of an attribute: behind its head. */
const PAYLOAD = 4;
/** struct ifa_cacheinfo: when it came, when it was last changed. */
const STAMPS = { created: 8, updated: 12 } as const;
/** SKF_AD_OFF + SKF_AD_NLATTR: the first attribute X from A on, 0 = there is none. */
const FIND = 0xfffff000 + 12;

const PROGRAM = [
  instruction(CODE.loadHalf, 0, 0, AT.type),
  instruction(CODE.jumpEqual, 1, 0, NEWADDR),
  PASS,
  instruction(CODE.loadByte, 0, 0, AT.family),
  instruction(CODE.jumpEqual, 3, 0, INET),
  instruction(CODE.loadByte, 0, 0, AT.flags),
  instruction(CODE.jumpSet, 1, 0, NODAD),
  PASS,
  ...find(IFA.PROTO),
  instruction(CODE.loadByteFromX, 0, 0, PAYLOAD),
  instruction(CODE.jumpEqual, 1, 0, ORIGIN_VRRP),
  PASS,
  ...find(IFA.CACHEINFO),
  instruction(CODE.loadWordFromX, 0, 0, PAYLOAD + STAMPS.created),
  instruction(CODE.store, 0, 0, 0),
  instruction(CODE.loadWordFromX, 0, 0, PAYLOAD + STAMPS.updated),
  instruction(CODE.recallX, 0, 0, 0),
  instruction(CODE.jumpEqualX, 0, 1, 0),
  PASS,
  DROP,
];

/** Passes what is not a renewal of a lease of VRRP's. */
export const WITHOUT_RENEWALS = Buffer.concat(PROGRAM);

/** X = where the attribute is; what has none passes. */
function find(attribute: number): Buffer[] {
  return [
    instruction(CODE.setX, 0, 0, attribute),
    instruction(CODE.set, 0, 0, AT.attributes),
    instruction(CODE.loadWord, 0, 0, FIND),
    instruction(CODE.jumpEqual, 0, 1, 0),
    PASS,
    instruction(CODE.moveToX, 0, 0, 0),
  ];
}
