// Whom to tell of virtual and real servers that go up and down, and in which words: keepalived's
// (ipwrapper.c). Runs nothing and writes nothing.
import type { Configuration } from '../config/model.ts';
import type { Program } from '../config/model-notify.ts';
import type { RealServer, VirtualServer } from '../config/model-services.ts';
import { serviceName } from '../config/selects.ts';
import { serverTrio, serviceTrio } from '../health/wording.ts';
import { type ServerKey, serverKey } from '../ipvs/model.ts';
import type { PoolName } from '../ipvs/pool.ts';
import type { Facts } from './inventory.ts';
import type { Mail } from './mail.ts';
import { type PlannedProgram, plannedProgram, programName } from './programs.ts';
import { planServer } from './services.ts';

type UpDown = {
  up?: PlannedProgram;
  down?: PlannedProgram;
  /** Who gets mail is told, too. */
  mails?: true;
};
export type ServiceListener = UpDown & {
  servers: Readonly<Record<ServerKey, UpDown>>;
  /** Of its end when the director stops, too: `omega`. */
  tellsStop: boolean;
  /** That the quorum is lost from the start counts only where a sorry server stands in. */
  standsIn: boolean;
};
/** Services of which somebody wants to know more than that they are there. */
export type ServiceListeners = Readonly<Record<PoolName, ServiceListener>>;
export type ServiceHappening = {
  service: PoolName;
  /** Undefined = the service as a whole. */
  server?: ServerKey;
  up: boolean;
  /** It has been so from the start. */
  isFirst: boolean;
};

export function planServiceListeners({ virtualServers, global, mail }: Configuration): ServiceListeners {
  const mailsAt = global.notify.checkerMailDefault?.value;
  const planned = (up: Program | undefined, down: Program | undefined, mails: boolean): UpDown => ({
    ...(up === undefined ? {} : { up: plannedProgram(up, global) }),
    ...(down === undefined ? {} : { down: plannedProgram(down, global) }),
    ...(mails && mail !== undefined ? { mails: true } : {}),
  });
  const listeners: Record<PoolName, ServiceListener> = {};
  for (const setting of virtualServers) {
    if (mail === undefined && isSilent(setting)) continue;
    const listener = {
      ...planned(setting.notifyQuorumUp, setting.notifyQuorumDown, setting.mails?.value ?? mailsAt ?? false),
      servers: serverListeners(setting, ({ notifyUp, notifyDown, mails }) =>
        planned(notifyUp, notifyDown, mails?.value ?? mailsAt ?? true),
      ),
      tellsStop: setting.tellsStop.value,
      standsIn: setting.sorryServer !== undefined,
    };
    if (!isIdle(listener)) listeners[serviceName(setting)] = listener;
  }
  return listeners;
}

/** Of thousands most are: what is never made need not be thrown away. */
function isSilent({
  notifyQuorumUp,
  notifyQuorumDown,
  tellsStop,
  sorryServer,
  realServers,
}: VirtualServer): boolean {
  if (notifyQuorumUp !== undefined || notifyQuorumDown !== undefined) return false;
  if (tellsStop.value || sorryServer !== undefined) return false;
  return realServers.every(({ notifyUp, notifyDown }) => notifyUp === undefined && notifyDown === undefined);
}

function serverListeners(setting: VirtualServer, planned: (real: RealServer) => UpDown) {
  const servers: Record<ServerKey, UpDown> = {};
  for (const real of setting.realServers) {
    const listener = planned(real);
    if (Object.keys(listener).length > 0) servers[serverKey(planServer(setting, real))] = listener;
  }
  return servers;
}

function isIdle({ up, down, mails, servers, tellsStop, standsIn }: ServiceListener): boolean {
  return !up && !down && !mails && !tellsStop && !standsIn && Object.keys(servers).length === 0;
}

/**
 * Does it count as something that happened? `initialServers`: also that a real server is up from the start.
 * `isStopping`: the director ends, and with it every service.
 */
export function isTold(
  { server, up, isFirst }: ServiceHappening,
  listener: ServiceListener | undefined,
  { initialServers, isStopping }: { initialServers: boolean; isStopping: boolean },
): boolean {
  if (isStopping) return listener?.tellsStop ?? false;
  if (!isFirst) return true;
  if (server !== undefined) return initialServers;
  return up || (listener?.standsIn ?? false);
}

/** Nothing is added to its words. */
export function serviceProgram(
  { server, up }: ServiceHappening,
  listener: ServiceListener | undefined,
): PlannedProgram | undefined {
  const programs = server === undefined ? listener : listener?.servers[server];
  return up ? programs?.up : programs?.down;
}

/** Undefined = nobody is mailed of that. In keepalived's words; the only checks are TCP's. */
export function serviceMail(
  { service, server, up }: ServiceHappening,
  listener: ServiceListener | undefined,
  isStopping: boolean,
): Mail | undefined {
  const mails = (server === undefined ? listener : listener?.servers[server])?.mails;
  if (!mails) return undefined;
  const state = up ? 'UP' : 'DOWN';
  const name = serviceTrio(service);
  if (server === undefined) {
    const text = isStopping ? 'Shutting down' : up ? 'Gained quorum' : 'Lost quorum';
    return { subject: `Virtualserver ${name} - ${state}`, text: `=> ${text} <=\n` };
  }
  const text = isStopping ? 'Shutting down' : `TCP CHECK ${up ? 'succeed' : 'failed'} on service`;
  const real = serverTrio({ service, server });
  return { subject: `Realserver ${real} of virtual server ${name} - ${state}`, text: `=> ${text} <=\n` };
}

/** `VS [10.0.0.50]:tcp:80 UP`, `RS [10.1.0.21]:tcp:80 [10.0.0.50]:tcp:80 DOWN`, and a line break. */
export function servicePipeLine({ service, server, up }: ServiceHappening): string {
  const what = server === undefined ? 'VS' : `RS ${serverTrio({ service, server })}`;
  return `${what} ${serviceTrio(service)} ${up ? 'UP' : 'DOWN'}\n`;
}

/** For the comparison of two plans. */
export function serviceListenerFacts({ up, down, mails, servers, tellsStop }: ServiceListener): Facts {
  const named = Object.entries(servers).flatMap(([server, own]) => [
    ...(own.up === undefined ? [] : [[`notify_up of ${server}`, programName(own.up)]]),
    ...(own.down === undefined ? [] : [[`notify_down of ${server}`, programName(own.down)]]),
    ...(own.mails ? [[`smtp_alert of ${server}`, true]] : []),
  ]);
  return {
    ...Object.fromEntries(named),
    ...(up === undefined ? {} : { quorumUp: programName(up) }),
    ...(down === undefined ? {} : { quorumDown: programName(down) }),
    ...(mails ? { smtpAlert: true } : {}),
    ...(tellsStop ? { omega: true } : {}),
  };
}
