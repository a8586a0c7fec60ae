// What is done to a machine so that it is a real server, one small change each, and how each is undone. A
// step carries what was there before, so that undoing needs nothing else.
import { type Address, addressBits, familyOf } from '../../core/address.ts';
import { type Route, routeName } from '../../core/route.ts';

export type TunnelKind = 'ipip' | 'sit' | 'ip6tnl' | 'gre' | 'ip6gre';
export type Tunnel = { name: string; kind: TunnelKind; local: Address };

export type Step =
  | { do: 'setSysctl'; path: string; value: string; former: string }
  /** Of a device that a step before this one makes: it goes with the device. */
  | { do: 'initSysctl'; path: string; value: string }
  /** The device, up. */
  | { do: 'addTunnel'; tunnel: Tunnel }
  | { do: 'setLinkUp'; name: string }
  /** A host's own: /32 or /128. */
  | { do: 'addAddress'; interface: string; address: Address }
  /** Without `former` there was no such route. */
  | { do: 'setRoute'; route: Route; former?: Route };
/** With the key of what it was done for. */
export type KeyedStep = { key: string; step: Step };

export function hostLength(address: Address): 32 | 128 {
  return addressBits(familyOf(address));
}

/** `+` makes, `~` changes. */
export function stepName(step: Step): string {
  switch (step.do) {
    case 'setSysctl':
      return `~ ${sysctlName(step.path)}: ${step.former} → ${step.value}`;
    case 'initSysctl':
      return `+ ${sysctlName(step.path)} = ${step.value}`;
    case 'addTunnel':
      return `+ ${step.tunnel.kind} device ${step.tunnel.name}, local ${step.tunnel.local}, up`;
    case 'setLinkUp':
      return `~ ${step.name}: down → up`;
    case 'addAddress':
      return `+ ${step.address}/${hostLength(step.address)} on ${step.interface}`;
    case 'setRoute':
      if (step.former === undefined) return `+ route ${routeName(step.route)}`;
      return `~ route ${routeName(step.former)} → ${routeName(step.route)}`;
  }
}

/** The same step, looked at from its end: `-` takes away, `~` puts back. */
export function undoName(step: Step): string {
  switch (step.do) {
    case 'setSysctl':
      return `~ ${sysctlName(step.path)}: ${step.value} → ${step.former}`;
    case 'initSysctl':
      return `- ${sysctlName(step.path)} = ${step.value}`;
    case 'addTunnel':
      return `- ${step.tunnel.kind} device ${step.tunnel.name}`;
    case 'setLinkUp':
      return `~ ${step.name}: up → down`;
    case 'addAddress':
      return `- ${step.address}/${hostLength(step.address)} on ${step.interface}`;
    case 'setRoute':
      if (step.former === undefined) return `- route ${routeName(step.route)}`;
      return `~ route ${routeName(step.route)} → ${routeName(step.former)}`;
  }
}

/** `ipv4/conf/all/arp_ignore` as sysctl(8) has it. */
export function sysctlName(path: string): string {
  return `net.${path
    .split('/')
    .map((part) => part.replaceAll('.', '/'))
    .join('.')}`;
}

/**
 * What has been done by now. A setting that was changed twice goes back to what it was at first; one step
 * twice is one.
 */
export function mergeSteps(before: readonly KeyedStep[], done: readonly KeyedStep[]): KeyedStep[] {
  const all = new Map<string, KeyedStep>();
  for (const { key, step } of [...before, ...done]) {
    const what = identity(step);
    const first = all.get(what)?.step;
    if (first?.do === 'setSysctl' && step.do === 'setSysctl')
      all.set(what, { key, step: { ...step, former: first.former } });
    else if (first?.do === 'setRoute' && step.do === 'setRoute') {
      const { former: _, ...rest } = step;
      all.set(what, { key, step: first.former === undefined ? rest : { ...rest, former: first.former } });
    } else all.set(what, { key, step });
  }
  return [...all.values()];
}

/** What was done for something that is not wanted any more, the last first. */
export function stepsToUndo(applied: readonly KeyedStep[], wanted: ReadonlySet<string>): KeyedStep[] {
  return applied.filter(({ key }) => !wanted.has(key)).toReversed();
}

/** What a step is about: no two steps about one thing are kept. */
function identity(step: Step): string {
  switch (step.do) {
    case 'setSysctl':
    case 'initSysctl':
      return `sysctl ${step.path}`;
    case 'addTunnel':
      return `tunnel ${step.tunnel.name}`;
    case 'setLinkUp':
      return `up ${step.name}`;
    case 'addAddress':
      return `address ${step.interface} ${step.address}`;
    case 'setRoute':
      return `route ${step.route.to.address}/${step.route.to.length} ${step.route.priority ?? ''}`;
  }
}
