// From what real servers answered a director to what is wrong with them. Pure.

import { type Address, endpoint, familyOf } from '../../core/address.ts';
import { PROTOCOL } from '../../core/ip-header.ts';
import { macText } from '../../vrrp/ethernet.ts';
import { type Answers, type Case, type Question, segmentInTunnel, type Way } from './asking.ts';
import { isLocal } from './examine.ts';
import type { Finding, FindingCode, Level } from './finding.ts';
import { hostLength } from './steps.ts';
import { CLIENT_MTU, deviceKind, tunnelOverhead } from './tunnels.ts';
import type { Heard } from './wire.ts';

/** Who said, on which link, to have an address. */
export type Claim = { interface: string; address: Address; mac: string };
export type Link = {
  claims: readonly Claim[];
  /** MACs of the director's own, and of real servers: what those say is said of them. */
  known: ReadonlySet<string>;
  /** Addresses that the director holds at the moment. */
  held: ReadonlySet<Address>;
  /** Addresses of directors that may be the gateway of a server. */
  gatewaysOf: (server: Address) => readonly Address[];
};

type Say = (code: FindingCode, level: Level, says: string, hint?: string) => Finding;

export function conclude(one: Case, answers: Answers, link: Link): Finding[] {
  const { duty, way } = one;
  const say: Say = (code, level, says, hint) => ({
    code,
    level,
    server: duty.server,
    key: `${code} ${duty.vip}`,
    says,
    ...(hint === undefined ? {} : { hint }),
  });
  if (way.nextMac === undefined) return [unreachable(one, say)];
  if (duty.method.forwarding === 'DR' && way.via !== undefined)
    return [
      say(
        'RS_REACHABLE',
        'wrong',
        `${duty.server} is behind the router ${way.via}: DR needs it on a link of ours`,
        'use TUN for servers elsewhere',
      ),
    ];
  const findings = [...askedByAddress(one, link, say)];
  if (one.questions.length === 0)
    return [
      ...findings,
      say('RS_ANSWERS', 'warning', `no address to ask from: this director has virtual ones only`),
    ];
  return [
    ...findings,
    ...(isLocal(duty) ? concludeLocal(one, answers, say) : concludeMasked(one, answers, link, say)),
  ];
}

function unreachable({ duty: { server }, way }: Case, say: Say): Finding {
  const asked = way.via ?? server;
  const what = familyOf(asked) === 4 ? 'ARP' : 'neighbour solicitations';
  const says = `${asked} does not answer ${what} on ${way.interface}`;
  return say('RS_REACHABLE', 'wrong', says, 'is it up, and on this link?');
}

/** Nobody may learn from a real server where a virtual address is. */
function askedByAddress({ duty: { vip }, way }: Case, { claims, known, held }: Link, say: Say): Finding[] {
  const macs = [...new Set(claims.filter(({ address }) => address === vip).map(({ mac }) => mac))];
  const strangers = macs.filter((other) => !known.has(other));
  const what = familyOf(vip) === 4 ? 'ARP' : 'neighbour solicitations';
  const mac = way.via === undefined && way.nextMac !== undefined ? macText(way.nextMac) : undefined;
  if (mac !== undefined && macs.includes(mac))
    return [
      say(
        'RS_ARP',
        'wrong',
        `it answers ${what} for ${vip} (${mac}): clients find it past the director`,
        familyOf(vip) === 4
          ? 'on it: sysctl -w net.ipv4.conf.all.arp_ignore=1, and the address on lo only'
          : 'on it: the address on lo only',
      ),
    ];
  const most = held.has(vip) ? 0 : 1;
  if (strangers.length > most)
    return [
      say(
        'RS_ARP',
        'warning',
        `${vip} is answered for by ${strangers.join(', ')}`,
        held.has(vip) ? 'this director holds it: is another one MASTER, too?' : 'one of them is no director',
      ),
    ];
  if (mac === undefined) return [];
  return [say('RS_ARP', 'ok', `it does not answer ${what} for ${vip}`)];
}

function find(one: Case, what: Question['asks']['what']): Question | undefined {
  return one.questions.find(({ asks }) => asks.what === what);
}
function answerTo(one: Case, what: Question['asks']['what'], { of }: Answers): Heard | undefined {
  const question = find(one, what);
  return question && of.get(question.id);
}

function concludeLocal(one: Case, answers: Answers, say: Say): Finding[] {
  const { duty, way } = one;
  const asked = one.questions.filter(({ asks }) => asks.what === 'vip' || asks.what === 'port');
  const heard = asked
    .flatMap(({ id }) => answers.of.get(id) ?? [])
    .filter(({ source }) => source === duty.vip);
  const next = macText(way.nextMac!);
  const straight = way.via === undefined ? heard.filter(({ mac }) => mac === next) : heard;
  const [other] = heard;
  if (straight.length === 0 && other !== undefined)
    return [
      say(
        'RS_ANSWERS',
        'wrong',
        `what is sent to it for ${duty.vip} is answered by somebody else (${other.mac})`,
        'it forwards the packets: the address is not on it',
      ),
    ];
  if (straight.length === 0) return [silence(one, answers, say)];
  return [
    say('RS_ANSWERS', 'ok', `it takes packets for ${duty.vip} and answers as that address`),
    ...concludePorts(one, 'port', duty.vip, answers, say),
    ...(duty.method.forwarding === 'TUN' ? [concludeSize(one, answers, say)] : []),
  ];
}

function silence(one: Case, answers: Answers, say: Say): Finding {
  const { duty } = one;
  const { server, vip } = duty;
  const vipMissing = `takes nothing in for ${vip}: it has no such address`;
  const add = `on it: \`lvs-director realserver apply\`, or ip addr add ${vip}/${hostLength(vip)} dev lo`;
  if (duty.method.forwarding !== 'TUN')
    return say('RS_VIP', 'wrong', `it ${vipMissing}`, `${add}; or a packet filter drops it`);
  const kind = deviceKind(duty);
  if (answers.unreachable.some((heard) => refusesTunnel(heard, one)))
    return say(
      'RS_TUNNEL',
      'wrong',
      `it refuses what is wrapped for it: no ${kind} device that is up takes it in`,
      `on it: \`lvs-director realserver apply\`, or ip link add NAME type ${kind} local ${server}, and up`,
    );
  if (answerTo(one, 'serverInTunnel', answers) !== undefined)
    return say('RS_VIP', 'wrong', `it unwraps packets, but ${vipMissing}`, add);
  if (answerTo(one, 'server', answers) !== undefined && familyOf(vip) === 4)
    return say(
      'RS_RP_FILTER',
      'wrong',
      'what comes out of its tunnel is dropped, even for itself: rp_filter',
      `on it: rp_filter 2 and an address on the ${kind} device, or 0; or a packet filter drops it`,
    );
  return say(
    'RS_ANSWERS',
    'wrong',
    `it answers nothing that is wrapped for ${vip}`,
    `on it: \`lvs-director realserver verify\`; does a packet filter drop ${kind}?`,
  );
}

/** Its own kernel says that nobody takes that protocol, or that port of gue. */
function refusesTunnel({ source, answer }: Heard, { duty: { server, method } }: Case): boolean {
  if (answer.type !== 'unreachable' || source !== server || answer.to !== server) return false;
  if (method.tunnel?.type === 'gue')
    return answer.protocol === PROTOCOL.udp && answer.ports?.to === method.tunnel.port;
  const protocols: number[] = [PROTOCOL.ipip, PROTOCOL.ipv6, PROTOCOL.gre];
  return protocols.includes(answer.protocol);
}

function concludePorts(one: Case, what: 'port', at: Address, answers: Answers, say: Say): Finding[] {
  return one.questions.flatMap(({ asks, id }) => {
    if (asks.what !== what) return [];
    const name = `${asks.protocol} ${endpoint(at, asks.port)}`;
    const answer = answers.of.get(id)?.answer;
    const keyed = (finding: Finding): Finding => ({ ...finding, key: `port ${name}` });
    if (answer?.type === 'synAck' || answer?.type === 'udp')
      return [keyed(say('RS_PORT', 'ok', `it answers at ${name}`))];
    if (answer !== undefined)
      return [
        keyed(
          say(
            'RS_PORT',
            'wrong',
            `it refuses ${name}: nobody listens there`,
            'on it: does the service run, and listen at this address or at every one?',
          ),
        ),
      ];
    // Nobody has to answer an empty datagram; who does not listen says so.
    if (asks.protocol === 'UDP') return [keyed(say('RS_PORT', 'ok', `it does not refuse ${name}`))];
    return [
      keyed(say('RS_PORT', 'wrong', `it does not answer at ${name}`, 'on it: does a packet filter drop it?')),
    ];
  });
}

/** Full-size packets, or a server that says that it takes smaller ones only. */
function concludeSize(one: Case, answers: Answers, say: Say): Finding {
  const { duty, way } = one;
  const question = find(one, 'fullSize');
  if (question !== undefined && answers.of.has(question.id))
    return say('RS_TUNNEL_MTU', 'ok', `packets of ${CLIENT_MTU} bytes get through the tunnel`);
  const most = segmentInTunnel(duty, Math.min(way.mtu, CLIENT_MTU));
  const segments = one.questions.flatMap(({ id }) => {
    const answer = answers.of.get(id)?.answer;
    return answer?.type === 'synAck' ? [answer.segment ?? Number.POSITIVE_INFINITY] : [];
  });
  if (segments.length > 0 && segments.every((segment) => segment <= most))
    return say(
      'RS_TUNNEL_MTU',
      'ok',
      `it tells clients to send segments of at most ${Math.max(...segments)} bytes`,
    );
  const needed = CLIENT_MTU + tunnelOverhead(duty.server, duty.method.tunnel);
  const hint = `an MTU of ${needed} all the way, or on it advmss ${most}: \`lvs-director realserver apply\``;
  if (question !== undefined && answers.refused.get(question.id) === 'EMSGSIZE')
    return say(
      'RS_TUNNEL_MTU',
      'warning',
      `packets of ${CLIENT_MTU} bytes do not fit into the tunnel: clients depend on ICMP to learn so`,
      hint,
    );
  return say(
    'RS_TUNNEL_MTU',
    'wrong',
    `packets of ${CLIENT_MTU} bytes are lost in the tunnel, and nobody tells`,
    hint,
  );
}

function concludeMasked(one: Case, answers: Answers, link: Link, say: Say): Finding[] {
  const { duty, way } = one;
  const near = one.questions.filter(({ asks }) => asks.what === 'server' || asks.what === 'port');
  const ports = concludePorts(one, 'port', duty.server, answers, say);
  if (near.every(({ id }) => !answers.of.has(id)))
    return [
      say('RS_ANSWERS', 'wrong', `${duty.server} answers nothing`, 'on it: does a packet filter drop it?'),
    ];
  return [...ports, concludeGateway(one, answers, link, way, say)];
}

function concludeGateway(one: Case, answers: Answers, link: Link, way: Way, say: Say): Finding {
  const { server } = one.duty;
  const far = one.questions.filter(({ asks }) => asks.what === 'beyond' || asks.what === 'portBeyond');
  if (far.length === 0)
    return say(
      'RS_GATEWAY',
      'warning',
      'its way back is not proved: this director has no address in another network',
    );
  const heard = far.flatMap(({ id }) => answers.of.get(id) ?? []);
  const next = macText(way.nextMac!);
  if (heard.some(({ mac }) => mac === next))
    return say('RS_GATEWAY', 'ok', 'its answers to other networks come back through this director');
  const gateways = link.gatewaysOf(server);
  const isElsewhere = gateways.length > 0 && !gateways.some((gateway) => link.held.has(gateway));
  if (isElsewhere)
    return say(
      'RS_GATEWAY',
      'warning',
      `its way back is not proved: ${gateways.join(', ')} is on another director now`,
      'verify on the MASTER',
    );
  const how =
    heard[0] === undefined ? 'do not come back' : `come back by ${heard[0].mac}, past this director`;
  const via = gateways[0] ?? 'the director';
  return say(
    'RS_GATEWAY',
    'wrong',
    `answers to other networks ${how}: the director is not its gateway`,
    `on it: \`lvs-director realserver apply\`, or ip route replace default via ${via}`,
  );
}
