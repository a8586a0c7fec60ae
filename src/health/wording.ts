// What checks have to say in the log, in keepalived's words, so that existing log monitors go on working.
import type { Notice } from '../core/events.ts';
import { type Quorum, thresholdOf } from './quorum.ts';
import type { CheckSettings, ProbeResult } from './settings.ts';

/** Keys of ipvs/model.ts: `TCP 192.0.2.1:80` and `10.1.0.21:8080`. */
export type ServerName = { service: string; server: string };
type CheckName = ServerName & { settings: CheckSettings };

export function checkPassed(name: CheckName, { ms }: ProbeResult): Notice {
  return {
    event: 'check.passed',
    message: `TCP connection to ${serverTrio(name)} success.`,
    fields: { ...checkFields(name), ms },
  };
}

export function checkFailed(name: CheckName, result: ProbeResult, tries: number): Notice {
  const after = tries > 1 ? ` after ${tries - 1} retries` : '';
  return {
    event: 'check.failed',
    message: `TCP_CHECK on service ${serverTrio(name)} failed${after}.`,
    fields: { ...checkFields(name), ...failureFields(result), tries, last: true },
  };
}

export function checkRetried(name: CheckName, result: ProbeResult, tries: number): Notice {
  const how = !result.ok && result.reason === 'timeout' ? 'timeout' : 'failed';
  return {
    event: 'check.failed',
    message: `TCP connection to ${serverTrio(name)} ${how}.`,
    fields: { ...checkFields(name), ...failureFields(result), tries, last: false },
  };
}

export function checkImpossible(name: CheckName, result: ProbeResult): Notice {
  const why = result.ok ? '' : `${result.reason}: ${result.detail}. `;
  return {
    event: 'check.impossible',
    message: `TCP connection to ${serverTrio(name)} could not be tried: ${why}Rescheduling.`,
    fields: { ...checkFields(name), ...failureFields(result) },
  };
}

export function serverMoved(name: ServerName, up: boolean, inhibit: boolean, reason: string): Notice {
  const verb = inhibit ? (up ? 'Enabling' : 'Disabling') : up ? 'Adding' : 'Removing';
  const where = inhibit ? 'of' : up ? 'to' : 'from';
  return {
    event: up ? 'server.up' : 'server.down',
    message: `${verb} service ${serverTrio(name)} ${where} VS ${serviceTrio(name.service)}`,
    fields: { service: name.service, server: name.server, reason },
  };
}

/** `weight`: sum of the weights of the servers that are up. */
export function serviceMoved(service: string, up: boolean, weight: number, needed: Quorum): Notice {
  const { quorum, hysteresis } = needed;
  const threshold = thresholdOf(!up, needed);
  const figures = up
    ? `Gained quorum ${quorum}+${hysteresis}=${threshold} <= ${weight}`
    : `Lost quorum ${quorum}-${hysteresis}=${threshold} > ${weight}`;
  return {
    event: up ? 'service.up' : 'service.down',
    message: `${figures} for VS ${serviceTrio(service)}`,
    fields: { service, weight },
  };
}

function checkFields({ service, server, settings }: CheckName) {
  return { service, server, check: checkName(settings) };
}

/** `TCP_CHECK 10.1.0.21 port 8080`. */
export function checkName({ type, address, port }: { type: string; address: string; port: number }): string {
  return `${type} ${address} port ${port}`;
}

function failureFields(result: ProbeResult) {
  return result.ok ? {} : { reason: result.reason, detail: result.detail, ms: result.ms };
}

/** keepalived writes `[192.0.2.1]:tcp:80` for both; a real server has its service's protocol. */
export function serverTrio({ service, server }: ServerName): string {
  const [kind = '', , protocol = ''] = service.split(' ');
  const own = protocol.startsWith('#') ? '' : protocol;
  return trio(server, kind === 'group' ? own : kind === 'FWM' ? '' : kind);
}

/** `FWM 7`, `[web]:0` of a group: the number is which of its virtual servers it is. */
export function serviceTrio(service: string): string {
  const [kind = '', name = ''] = service.split(' ');
  if (kind === 'FWM') return `FWM ${name}`;
  const [number = '0'] = / #(\d+)$/.exec(service)?.slice(1) ?? [];
  return kind === 'group' ? `[${name}]:${number}` : trio(name, kind);
}

function trio(endpoint: string, protocol: string): string {
  const colon = endpoint.lastIndexOf(':');
  const host = endpoint.slice(0, colon).replace(/^\[|\]$/g, '');
  const word = protocol === '' ? 'none' : protocol.toLowerCase();
  return `[${host}]:${word}:${endpoint.slice(colon + 1)}`;
}
