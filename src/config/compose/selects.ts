// The head of a `virtual_server` → whose packets are the service's. What follows where the file does not say
// it is keepalived's: its check_parser.c and check_data.c.
import { type Family, familyOf } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import { rangeSize } from '../../core/range.ts';
import type { GroupMember, Selects } from '../model-services.ts';
import type { Report } from '../report.ts';
import type { ServiceHead } from '../schema/endpoints.ts';
import type { VIRTUAL_SERVER } from '../schema/ipvs.ts';
import type { Member } from '../schema/members.ts';
import type { TOP } from '../schema/top.ts';
import { all, last, type Settings } from '../settings.ts';

type Service = Settings<typeof VIRTUAL_SERVER>;
export type Groups = ReadonlyMap<string, { name: Located<string>; members: readonly Located<Member>[] }>;

/** Each member is a service of the kernel's; more than this many it would not program in any useful time. */
const MOST_MEMBERS = 65_536n;
const DEFAULT_FAMILY: Family = 4;

export function composeGroups(settings: Settings<typeof TOP>, report: Report): Groups {
  const groups = new Map<string, { name: Located<string>; members: readonly Located<Member>[] }>();
  for (const { value, at, body } of all(settings, 'virtual_server_group')) {
    const first = groups.get(value);
    const message = `there is a virtual_server_group ${value} already`;
    const related = first && [{ at: first.name.at, message: 'first here' }];
    if (first !== undefined) report.add('CFG_DUPLICATE', at, message, undefined, related);
    else groups.set(value, { name: { value, at }, members: body.entries });
    if (body.entries.length === 0 && body.wrong.length === 0)
      report.add('CFG_EMPTY', at, `virtual_server_group ${value} has no members`);
  }
  return groups;
}

/** Undefined when it is a service that we cannot have. */
export function composeSelects(
  head: ServiceHead,
  settings: Service,
  groups: Groups,
  report: Report,
): Selects | undefined {
  if ('address' in head) return byAddress(head, settings, report);
  const family = impliedFamily(settings);
  if ('fwmark' in head)
    return { by: 'mark', mark: head.fwmark, family: family ?? tunnelFamily(settings) ?? DEFAULT_FAMILY };
  const group = groups.get(head.group.value);
  if (group !== undefined) return byGroup(head.group, group.members, settings, report);
  const known = [...groups.keys()].join(', ') || 'none';
  const message = `there is no virtual_server_group ${head.group.value}`;
  return void report.add('CFG_REFERENCE', head.group.at, message, `groups: ${known}`);
}

function byAddress(
  { address, port }: Extract<ServiceHead, { address: unknown }>,
  settings: Service,
  report: Report,
): Selects {
  const given = last(settings, 'ip_family');
  const family = familyOf(address.value);
  if (given !== undefined && familyNamed(given.value) !== family)
    report.add('CFG_CONTRADICTION', given.at, `${address.value} is IPv${family}, not ${given.value}`);
  return { by: 'address', address, port: port ?? { value: 0, at: address.at } };
}

function byGroup(
  group: Located<string>,
  members: readonly Located<Member>[],
  settings: Service,
  report: Report,
): Selects | undefined {
  const own = new Set(members.flatMap(({ value }) => memberFamily(value) ?? []));
  const implied = impliedFamily(settings);
  const named = last(settings, 'ip_family');
  if (named !== undefined && own.size > 0 && (own.size > 1 || !own.has(familyNamed(named.value)))) {
    const message = `${group.value} has other members than ${named.value}: this virtual_server is left out`;
    return void report.add('CFG_CONTRADICTION', named.at, message);
  }
  const [only] = own.size === 1 ? own : [];
  const family = only ?? implied ?? DEFAULT_FAMILY;
  const resolved = members.map(
    ({ value }): GroupMember =>
      'fwmark' in value
        ? { mark: value.fwmark, family: value.family ?? family }
        : { addresses: value.addresses, port: value.port ?? 0 },
  );
  if (tooMany(resolved, group, report)) return undefined;
  return { by: 'group', group, members: resolved };
}

function tooMany(members: readonly GroupMember[], { value, at }: Located<string>, report: Report): boolean {
  const sizes = members.map((member) => ('mark' in member ? 1n : rangeSize(member.addresses.value)));
  const sum = sizes.reduce((all, size) => all + size, 0n);
  if (sum <= MOST_MEMBERS) return false;
  const message = `${value} has ${sum} addresses: this virtual_server is left out`;
  report.add('CFG_RANGE', at, message, `each may be a service of its own: at most ${MOST_MEMBERS}`);
  return true;
}

function memberFamily(member: Member): Family | undefined {
  return 'fwmark' in member ? member.family : familyOf(member.addresses.value.first);
}
function familyNamed(name: 'inet' | 'inet6'): Family {
  return name === 'inet' ? 4 : 6;
}

/** The first that says it: the word for it, the form of the granularity, a server that is not in a tunnel. */
function impliedFamily(settings: Service): Family | undefined {
  const named = last(settings, 'ip_family');
  if (named !== undefined) return familyNamed(named.value);
  const granularity = last(settings, 'persistence_granularity');
  if (granularity !== undefined) return granularity.value.family;
  const plain = all(settings, 'real_server').find(
    ({ body }) => last(body, 'lvs_method')?.value.forwarding !== 'TUN',
  );
  return plain && familyOf(plain.value.address.value);
}

/** Where every server is in a tunnel: theirs, when they agree. */
function tunnelFamily(settings: Service): Family | undefined {
  const families = new Set(all(settings, 'real_server').map(({ value }) => familyOf(value.address.value)));
  const [family] = families;
  return families.size === 1 ? family : undefined;
}
