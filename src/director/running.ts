// How the elector is to run: what it is told, and what `diff` says of it.
import type { BufferWords, Configuration, RunningSettings } from '../config/model.ts';
import type { Located } from '../core/diagnostic.ts';
import type { SchedulingSettings } from '../vrrp/lateness.ts';
import type { BufferPolicy } from '../vrrp/receive-buffer.ts';
import type { ElectorSettings, NetlinkBuffer } from '../vrrp/settings.ts';

type Running = Pick<
  ElectorSettings,
  'startup' | 'scheduling' | 'receiveBuffer' | 'netlinkCommands' | 'netlinkEvents'
>;

const US_PER_MS = 1000;

export function planRunning({ global: { running }, trackers }: Configuration): Running {
  const { startupDelayMs, afterBootMs } = running;
  const scheduling = planScheduling(running, trackers.sessions.length > 0);
  const receiveBuffer = planBuffer(running);
  const [commands, events] = [running.netlinkCommands, running.netlinkEvents].map(planNetlinkBuffer);
  const waits = startupDelayMs !== undefined || afterBootMs !== undefined;
  return {
    ...(waits
      ? { startup: { delayMs: startupDelayMs?.value ?? 0, afterBootMs: afterBootMs?.value ?? 0 } }
      : {}),
    ...(Object.keys(scheduling).length === 0 ? {} : { scheduling }),
    ...(receiveBuffer === undefined ? {} : { receiveBuffer }),
    ...(commands === undefined ? {} : { netlinkCommands: commands }),
    ...(events === undefined ? {} : { netlinkEvents: events }),
  };
}

function planNetlinkBuffer({ bytes, forced }: BufferWords): NetlinkBuffer | undefined {
  return bytes?.value ? { bytes: bytes.value, forced: forced.value } : undefined;
}

/** Of the thread that VRRP and BFD share; 0 = not asked for. */
export function planPriority({ global, trackers }: Configuration): number {
  const bfd = trackers.sessions.length > 0 ? global.running.bfd.realtimePriority : undefined;
  return Math.max(global.vrrpRealtimePriority.value, bfd?.value ?? 0);
}

/** The more demanding of two words about one thread. */
function least(...words: readonly (Located<number> | undefined)[]): number | undefined {
  const values = words.flatMap((word) => word?.value ?? []);
  return values.length === 0 ? undefined : Math.min(...values);
}

function planScheduling(running: RunningSettings, hasSessions: boolean): SchedulingSettings {
  const { maxAutoPriority, lateUs, names } = running;
  const bfd = hasSessions ? running.bfd : {};
  const nice = least(running.nice, bfd.nice);
  const rttimeUs = least(running.rttimeUs, bfd.rttimeUs);
  const cpus = running.cpus ?? bfd.cpus;
  const threadName = names.elector ?? (hasSessions ? names.bfd : undefined);
  const urgency = { mostPriority: maxAutoPriority?.value ?? 0, lateMs: lateUs.value / US_PER_MS };
  return {
    ...(threadName === undefined ? {} : { threadName: threadName.value }),
    ...(nice === undefined ? {} : { nice }),
    ...(cpus === undefined ? {} : { cpus: cpus.value }),
    ...(rttimeUs === undefined ? {} : { rttimeUs }),
    ...(urgency.mostPriority > 0 ? { urgency } : {}),
  };
}

function planBuffer({ receiveBuffer, receiveMultiplier }: RunningSettings): BufferPolicy | undefined {
  const policy = receiveBuffer?.value;
  if (policy === undefined || typeof policy === 'number')
    return policy === undefined ? undefined : { bytes: policy };
  return { of: policy === 'MTU' ? 'mtu' : 'advert', times: receiveMultiplier.value };
}

/** Of the two processes; undefined = as usual. */
export function planNames({ global }: Configuration): { processName?: string; checkerName?: string } {
  const { director, balancer } = global.running.names;
  return {
    ...(director === undefined ? {} : { processName: director.value }),
    ...(balancer === undefined ? {} : { checkerName: balancer.value }),
  };
}

export function runningFacts({
  startup,
  scheduling = {},
  receiveBuffer,
  netlinkCommands,
  netlinkEvents,
}: Running): Readonly<Record<string, string | number | boolean>> {
  const { cpus, urgency, ...rest } = scheduling;
  return {
    ...(startup === undefined ? {} : { startupDelayMs: startup.delayMs, afterBootMs: startup.afterBootMs }),
    ...rest,
    ...(cpus === undefined ? {} : { cpus: cpus.join(', ') }),
    ...(urgency === undefined ? {} : { mostPriority: urgency.mostPriority, lateMs: urgency.lateMs }),
    ...(receiveBuffer === undefined ? {} : { receiveBuffer: bufferName(receiveBuffer) }),
    ...(netlinkCommands === undefined ? {} : { netlinkCommands: netlinkName(netlinkCommands) }),
    ...(netlinkEvents === undefined ? {} : { netlinkEvents: netlinkName(netlinkEvents) }),
  };
}

function bufferName(policy: BufferPolicy): string {
  return 'bytes' in policy ? `${policy.bytes} bytes` : `${policy.times} times the ${policy.of}`;
}

function netlinkName({ bytes, forced }: NetlinkBuffer): string {
  return `${bytes} bytes${forced ? ', forced' : ''}`;
}
