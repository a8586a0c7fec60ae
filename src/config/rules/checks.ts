// Checks that do not find out what they are there for.
import { endpoint, familyOf } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import type { Configuration } from '../model.ts';
import type { Check, RealServer, VirtualServer } from '../model-services.ts';
import type { Report } from '../report.ts';

export function checkChecks({ virtualServers }: Configuration, report: Report): void {
  // What is left out, or in the wrong block, may be a check.
  const hiding = ['CFG_UNSUPPORTED', 'CFG_UNKNOWN', 'CFG_BRACE'] as const;
  const complete = !hiding.some((code) => report.has(code));
  for (const service of virtualServers) {
    reportSlow(service, report);
    for (const server of service.realServers)
      for (const check of server.checks) reportVain(check, server, report);
    if (complete) reportUnchecked(service, report);
  }
}

/**
 * A try waits for its answer before the next is due; retries come on top. Said once where many servers
 * inherit it: the place and the words are the same.
 */
function reportSlow({ realServers }: VirtualServer, report: Report): void {
  for (const { at, checks } of realServers)
    for (const check of checks) {
      const { delayLoopMs: loop, connectTimeoutMs: timeout, retry, delayBeforeRetryMs: pause } = check;
      if (timeout.value <= loop.value) continue;
      // A default is at the head of its block; what somebody wrote is the better place.
      const place = timeout.at === check.at || timeout.at === at ? loop.at : timeout.at;
      const worst = timeout.value * (retry.value + 1) + pause.value * retry.value;
      report.add(
        'CFG_SLOW_CHECK',
        place,
        `connect_timeout ${seconds(timeout)} is longer than delay_loop ${seconds(loop)}`,
        `with retry ${retry.value} it takes up to ${worst / 1000} s to find out that a server is silent`,
      );
    }
}

function seconds({ value }: Located<number>): string {
  return `${value / 1000} s`;
}

/** A server of every port has none to connect to; and a connection has one family. */
function reportVain({ type, at, ...check }: Check, { address, port }: RealServer, report: Report): void {
  if (type !== 'TCP_CHECK') return;
  if (port.value === 0 && check.connectPort === undefined)
    report.add('CFG_VAIN_CHECK', at, `there is no port to check on ${address.value}`, 'give it connect_port');
  const to = check.connectAddress ?? address;
  const from = check.bindAddress;
  if (from === undefined || familyOf(from.value) === familyOf(to.value)) return;
  const message = `nothing gets from ${from.value} to ${to.value}: one is IPv4, the other IPv6`;
  report.add('CFG_VAIN_CHECK', from.at, message, undefined, [{ at: to.at, message: 'what is checked' }]);
}

/** Nobody checks one server of several on purpose without saying so. */
function reportUnchecked({ realServers }: VirtualServer, report: Report): void {
  if (!realServers.some(({ checks }) => checks.length > 0)) return;
  for (const { address, port, checks } of realServers)
    if (checks.length === 0)
      report.add(
        'CFG_UNCHECKED',
        address.at,
        `${endpoint(address.value, port.value)} has no check, unlike other real servers here`,
        'it keeps its share of the connections when it is down',
      );
}
