// `ipvsadm -L --timeout` and `--daemon`: the lines beside the table.
import type { SyncDaemon } from '../model.ts';
import type { Timeouts } from '../plane.ts';

export function renderTimeouts({ tcpSeconds, tcpFinSeconds, udpSeconds }: Timeouts): string {
  return `Timeout (tcp tcpfin udp): ${tcpSeconds} ${tcpFinSeconds} ${udpSeconds}\n`;
}

/** One line a daemon, in the engine's order. */
export function renderDaemons(daemons: readonly SyncDaemon[]): string {
  return daemons.map(renderDaemon).join('');
}

function renderDaemon({ role, interface: name, id, maxlen, group, port, ttl }: SyncDaemon): string {
  const words = [
    `mcast=${name}`,
    `syncid=${id}`,
    ...(maxlen === undefined ? [] : [`maxlen=${maxlen}`]),
    ...(group === undefined ? [] : [`group=${group}`]),
    ...(port === undefined ? [] : [`port=${port}`]),
    ...(ttl === undefined ? [] : [`ttl=${ttl}`]),
  ];
  return `${role} sync daemon (${words.join(', ')})\n`;
}
