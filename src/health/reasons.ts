// Why a probe failed, as stable words: log field, metric label and test expectation at once.

/** `evidence`: does it tell something of the server, or only that we could not ask? */
type Reason = { evidence: 'server' | 'here'; means: string };

export const REASONS = {
  refused: { evidence: 'server', means: 'nothing listens on the port' },
  timeout: { evidence: 'server', means: 'no answer in connect_timeout' },
  unreachable: { evidence: 'server', means: 'no route to the host, or the network said it is not there' },
  reset: { evidence: 'server', means: 'the connection was taken back while it was made' },
  failed: { evidence: 'server', means: 'any other error of the connection; the detail names it' },
  'address-in-use': { evidence: 'here', means: 'the local address or port is taken' },
  'address-unavailable': { evidence: 'here', means: 'bindto is not an address of this machine' },
  denied: { evidence: 'here', means: 'a local rule or a missing privilege forbids the connection' },
  'no-resources': { evidence: 'here', means: 'out of descriptors, ports or memory' },
  cancelled: { evidence: 'here', means: 'the check was taken back before it had an answer' },
} as const satisfies Record<string, Reason>;
export type ProbeFailure = keyof typeof REASONS;

/**
 * keepalived reschedules a check that could not be made ("socket bind failed. Rescheduling"): no verdict
 * comes of it.
 */
export function saysNothing(reason: string): boolean {
  return Object.hasOwn(REASONS, reason) && REASONS[reason as ProbeFailure].evidence === 'here';
}
