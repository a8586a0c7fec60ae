// Quorum, sorry server and who is told, of a `virtual_server`. What contradicts itself is corrected as
// keepalived's check_data.c does, and said.
import { familyOf } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import type { RealServer, Selects, SorryServer, VirtualServer } from '../model-services.ts';
import type { Report } from '../report.ts';
import type { VIRTUAL_SERVER } from '../schema/ipvs.ts';
import { familiesOf, hasMarks } from '../selects.ts';
import { last, type Settings, settled } from '../settings.ts';
import { composeProgram } from './notify.ts';

type Service = Settings<typeof VIRTUAL_SERVER>;
type Quorum = Pick<
  VirtualServer,
  'quorum' | 'hysteresis' | 'notifyQuorumUp' | 'notifyQuorumDown' | 'mails' | 'tellsStop' | 'suspends'
>;

export function composeQuorum(
  settings: Service,
  { selects }: Pick<VirtualServer, 'selects'>,
  realServers: readonly RealServer[],
  report: Report,
): Quorum {
  const up = composeProgram(last(settings, 'quorum_up'));
  const down = composeProgram(last(settings, 'quorum_down'));
  const mails = last(settings, 'smtp_alert');
  const no = { value: false, at: settings.at };
  const quorum = reachable(settled(settings, 'quorum'), realServers, report);
  return {
    quorum,
    hysteresis: below(settled(settings, 'hysteresis'), quorum, report),
    ...(up === undefined ? {} : { notifyQuorumUp: up }),
    ...(down === undefined ? {} : { notifyQuorumDown: down }),
    ...(mails === undefined ? {} : { mails }),
    tellsStop: last(settings, 'omega') ?? no,
    suspends: suspends(settings, selects, report) ?? no,
  };
}

/** Whether somebody else has its address can only be said of what has one. */
function suspends(settings: Service, selects: Selects, report: Report): Located<boolean> | undefined {
  const given = last(settings, 'ha_suspend');
  if (given === undefined || !hasMarks(selects)) return given;
  report.add('CFG_CONTRADICTION', given.at, 'ha_suspend is for addresses, not for firewall marks: left out');
  return undefined;
}

/** A default that cannot be reached is nobody's mistake: the weights are complained about elsewhere. */
function reachable(
  { value, at }: Located<number>,
  realServers: readonly RealServer[],
  report: Report,
): Located<number> {
  const sum = realServers.reduce((all, { weight }) => all + weight.value, 0);
  if (value <= sum || value === 1) return { value, at };
  const message = `quorum ${value} is more than all real servers weigh together, ${sum}`;
  report.add('CFG_CONTRADICTION', at, message, `${Math.max(sum, 1)} is used`);
  return { value: Math.max(sum, 1), at };
}

function below(hysteresis: Located<number>, quorum: Located<number>, report: Report): Located<number> {
  const { value, at } = hysteresis;
  if (value < quorum.value) return hysteresis;
  const message = `hysteresis ${value} is not below the quorum, ${quorum.value}`;
  report.add('CFG_CONTRADICTION', at, message, `${quorum.value - 1} is used`);
  return { value: quorum.value - 1, at };
}

/** Undefined = there is none. Of several the last one counts. */
export function composeSorryServer(
  settings: Service,
  { selects, method }: Pick<VirtualServer, 'selects' | 'method'>,
  report: Report,
): SorryServer | undefined {
  const given = last(settings, 'sorry_server');
  const follows = <T>(word: Located<T> | undefined) => whenFollowing(word, given, report);
  const own = follows(last(settings, 'sorry_server_lvs_method')) ?? method;
  const inhibits = follows(last(settings, 'sorry_server_inhibit')) !== undefined;
  if (given === undefined) return undefined;
  const { address, port } = given.value;
  const { forwarding } = own.value;
  const other = [...familiesOf(selects)].find((family) => family !== familyOf(address.value));
  if (forwarding !== 'TUN' && other !== undefined) {
    const message = `${address.value} is not IPv${other} like its virtual_server`;
    return void report.add(
      'CFG_CONTRADICTION',
      address.at,
      message,
      'only TUN carries one family in the other',
    );
  }
  const came = { value: selects.by === 'address' ? selects.port.value : 0, at: (port ?? address).at };
  if (forwarding !== 'NAT' && port !== undefined && port.value !== 0 && port.value !== came.value) {
    const message = `${forwarding} cannot change the port: the sorry server gets packets as they came`;
    report.add('CFG_CONTRADICTION', port.at, message, 'leave the port out, or use NAT');
  }
  // Unlike a real server's, no port is then the one a packet came to, also with NAT.
  const asked = forwarding === 'NAT' ? (port ?? { value: 0, at: address.at }) : came;
  return { address, port: asked, method: own, inhibits };
}

/** keepalived looks for the sorry server while it reads the word. */
function whenFollowing<T>(
  word: Located<T> | undefined,
  sorry: Located<unknown> | undefined,
  report: Report,
): Located<T> | undefined {
  if (word === undefined) return undefined;
  if (sorry === undefined) {
    report.add('CFG_CONTRADICTION', word.at, 'there is no sorry_server that it could be of');
    return undefined;
  }
  if (word.at.source !== sorry.at.source || word.at.start > sorry.at.start) return word;
  report.add('CFG_ORDER', word.at, 'it stands before its sorry_server', 'keepalived leaves it out then');
  return report.compat ? undefined : word;
}
