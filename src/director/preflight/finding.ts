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
} as const;
export type FindingCode = keyof typeof FINDINGS;
/** `warning`: it works as it is, or nobody can tell from here. */
export type Level = 'ok' | 'warning' | 'wrong';

export type Finding = {
  code: FindingCode;
  level: Level;
  /** The real server it is about. */
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
