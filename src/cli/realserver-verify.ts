// `realserver verify` on a director: every real server of the file, or those that are asked for, by packets.
import { type Address, familyOf, isLinkLocal, prefixContains } from '../core/address.ts';
import { casesOf, type Way } from '../director/preflight/asking.ts';
import { type Claim, conclude, type Link } from '../director/preflight/concluding.ts';
import { type Duty, distinctBy } from '../director/preflight/duties.ts';
import { type Finding, worstOf } from '../director/preflight/finding.ts';
import { renderFindings, summary } from '../director/preflight/text.ts';
import { readLinks } from '../linux/preflight/host.ts';
import { type AskLink, askingAddress, Prober } from '../linux/preflight/prober.ts';
import { findWay } from '../linux/preflight/ways.ts';
import { macBytes, macText } from '../vrrp/ethernet.ts';
import { type Outcome, type Task, toJson, unnamed } from './realserver.ts';

/** Echo ids and ports to ask from: below those that the kernel gives to others (ip_local_port_range). */
const IDS = { first: 16_384, count: 16_000 } as const;
const AT_ONCE = 500;

/** `duties`: of the servers to ask. */
export function verifyServers(task: Task, duties: readonly Duty[]): Outcome {
  const { flags, duties: all } = task;
  const named = duties[0] === undefined ? [] : unnamed(all, duties[0].server);
  const findings = [...named, ...ask(task, duties)];
  const exitCode = worstOf(findings) === 'wrong' ? 1 : 0;
  if (flags.json) return { exitCode, output: toJson({ exitCode, by: 'director', findings }) };
  return { exitCode, output: `${renderFindings(findings, duties)}${summary(findings)}` };
}

function ask({ host, requests, duties: all, gateways }: Task, duties: readonly Duty[]): Finding[] {
  const links = readLinks(requests);
  const virtual = new Set([...gateways, ...all.duties.map(({ vip }) => vip)]);
  const servers = [...new Set(duties.map(({ server }) => server))];
  const bare = servers.flatMap((server) => findWay(server, requests, { host, links, virtual }) ?? []);
  const reached = new Set(bare.map(({ server }) => server));
  const addresses = host.addresses.map(({ prefix }) => prefix.address);
  const own = bare.flatMap(({ from }) => Object.values(from).filter((each) => each !== undefined));
  const linkLocal = addresses.filter(isLinkLocal);
  const prober = new Prober(links, [...new Set([...own, ...linkLocal])]);
  try {
    const claims = prober.askLinks(linkQuestions(bare, duties, host));
    const ways = new Map(bare.map((way) => [way.server, withMac(way, claims)]));
    const link: Link = {
      claims,
      known: new Set([...links.map(({ mac }) => macText(mac)), ...macsOf(ways)]),
      held: new Set(addresses),
      gatewaysOf: (server) => gateways.filter((gateway) => isNear(gateway, server, host)),
    };
    const cases = casesOf(duties, ways, ids());
    const found: Finding[] = [];
    for (let at = 0; at < cases.length; at += AT_ONCE) {
      const some = cases.slice(at, at + AT_ONCE);
      const answers = prober.exchange(some);
      found.push(...some.flatMap((one) => conclude(one, answers, link)));
    }
    const lost = servers.filter((server) => !reached.has(server)).map((server) => noWay(server, addresses));
    // What is wrong with a server is wrong for each of its services.
    return distinctBy([...lost, ...found], ({ server, says }) => `${server} ${says}`);
  } finally {
    prober.close();
  }
}

function noWay(server: Address, own: readonly Address[]): Finding {
  const about = { code: 'RS_REACHABLE', server, key: `route ${server}` } as const;
  if (own.includes(server)) return { ...about, level: 'ok', says: 'it is this director itself' };
  return { ...about, level: 'wrong', says: `there is no route to ${server}`, hint: `ip route get ${server}` };
}

/** Who is the next on the way, and who says to have a virtual address there? */
function linkQuestions(ways: readonly Way[], duties: readonly Duty[], host: Task['host']): AskLink[] {
  const all = ways.flatMap((way) => {
    const { server, interface: name, via } = way;
    const vips = duties.filter((duty) => duty.server === server).map(({ vip }) => vip);
    return [via ?? server, ...vips].map((address) => ({ interface: name, address }));
  });
  return distinctBy(all, ({ interface: name, address }) => `${name} ${address}`).flatMap((question) => {
    if (familyOf(question.address) === 4) return [question];
    const own = host.addresses.filter((each) => each.interface === question.interface);
    const six = own.map(({ prefix }) => prefix.address).filter((address) => familyOf(address) === 6);
    const source = askingAddress(six);
    return source === undefined ? [] : [{ ...question, source }];
  });
}

/** Routers may be directors: their MACs are not known as real servers'. */
function macsOf(ways: ReadonlyMap<Address, Way>): string[] {
  return [...ways.values()].flatMap(({ via, nextMac }) =>
    via === undefined && nextMac !== undefined ? [macText(nextMac)] : [],
  );
}

function withMac(way: Way, claims: readonly Claim[]): Way {
  const next = way.via ?? way.server;
  const claim = claims.find((each) => each.address === next && each.interface === way.interface);
  return claim === undefined ? way : { ...way, nextMac: macBytes(claim.mac) };
}

function isNear(gateway: Address, server: Address, { addresses }: Task['host']): boolean {
  return addresses.some(({ prefix }) => prefixContains(prefix, server) && prefixContains(prefix, gateway));
}

function* ids(): Generator<number, never> {
  for (let n = 0; ; n++) yield IDS.first + (n % IDS.count);
}
