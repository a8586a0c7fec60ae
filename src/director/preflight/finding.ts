// What a check found: one line about one thing that has to be so, with what is to be done when it is not.
import type { KeyedStep, Step } from './steps.ts';

/** Stable: monitors look for them. What each means is in docs/realserver.md. */
export const FINDINGS = {
  RS_VIP: 'the virtual address is on the real server, and on no interface that others ask',
  RS_ARP_IGNORE: 'the real server does not answer ARP for virtual addresses',
  RS_ARP_ANNOUNCE: 'the real server does not ask for its neighbours in the name of a virtual address',
  RS_TUNNEL: 'a tunnel device takes in what directors wrap for the real server',
  RS_RP_FILTER: 'the reverse path filter lets in what comes out of the tunnel',
  RS_TUNNEL_MTU: 'full-size packets of clients fit into the tunnel, or clients know that they do not',
  RS_GATEWAY: 'the answers of a NAT server go through the director',
  RS_NAT_VIP: 'a NAT server does not hold the virtual address itself',
  RS_PORT: 'somebody listens where the service sends its clients',
  RS_REACHABLE: 'the real server is up, and where its method needs it to be',
  RS_ARP: 'nobody but directors answers ARP or neighbour solicitations for the virtual address',
  RS_ANSWERS: 'the real server takes packets for the virtual address, and answers as that address',
  RS_UNNAMED: 'the addresses of a service that is known by a firewall mark',
  DIR_INTERFACE: 'the interfaces of instances are there, and up',
  DIR_IPVS: "the kernel has IPVS, where the file wants the kernel's",
  DIR_SCHEDULER: 'the kernel has the schedulers that services name',
  DIR_FORWARDING: 'the director forwards the answers of NAT servers',
  DIR_REDIRECTS: 'no redirects to NAT servers that share a network with clients',
  DIR_RP_FILTER: 'the reverse path filter lets in clients that come by another way than the default route',
  DIR_MARKS:
    'who marks the packets of a service by firewall mark: for the embedded engine rules of ingress, else nft',
  DIR_SETTING: 'the kernel has the settings of IPVS that the file names',
  DIR_CONNTRACK: 'whether connections through IPVS are in the connection tracking of the packet filter',
  DIR_NODEST: 'what becomes of connections to a server that was removed',
  DIR_TEMPLATE: 'what becomes of persistent clients of a server of weight 0',
  DIR_REUSE: 'what becomes of a new connection from a port that was used before',
  DIR_SLOPPY: 'what becomes of a TCP connection that the director does not know',
  DIR_SYNC: "whether the kernel's sync daemon starts",
  DIR_ROUTE: 'the director has a way to each real server, and for DR a direct one',
  DIR_TUNNEL_MTU: 'full-size packets of clients fit into the tunnel',
} as const;
export type FindingCode = keyof typeof FINDINGS;
/** `warning`: it works as it is, or nobody can tell from here. */
export type Level = 'ok' | 'warning' | 'wrong';

export type Finding = {
  code: FindingCode;
  level: Level;
  /** The real server it is about; `director` of a director itself. */
  server: string;
  /**
   * Of what the file wants, the same from run to run: what was done for it is undone when it is not wanted.
   */
  key: string;
  says: string;
  hint?: string;
  /** What makes it right. */
  steps?: readonly Step[];
  /** What those bring with them: for something else that the file will want then. */
  also?: readonly KeyedStep[];
};

/** Of all of them, in order. */
export function stepsOf(findings: readonly Finding[]): KeyedStep[] {
  return findings.flatMap(({ key, steps = [], also = [] }) => [
    ...steps.map((step) => ({ key, step })),
    ...also,
  ]);
}

/** Of several, the worst. */
export function worstOf(findings: readonly Pick<Finding, 'level'>[]): Level {
  const has = (level: Level) => findings.some((finding) => finding.level === level);
  if (has('wrong')) return 'wrong';
  return has('warning') ? 'warning' : 'ok';
}
