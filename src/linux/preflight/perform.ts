// Carries out the steps that make a machine a real server, and takes them back. Each says what became of it.

import { familyOf } from '../../core/address.ts';
import { type Route, routeName } from '../../core/route.ts';
import { hostLength, type KeyedStep, type Step, undoName } from '../../director/preflight/steps.ts';
import { createTunnel, deleteLink, setLinkDown, setLinkUp } from '../../netlink/link-message.ts';
import type { Request } from '../../netlink/message.ts';
import { addAddress, deleteAddress, FOREVER, IFA_F } from '../../netlink/route.ts';
import { deleteRoute, replaceRoute } from '../../netlink/route-message.ts';
import { ifNametoindex } from '../libc.ts';
import type { NetlinkSocket } from '../netlink-socket.ts';
import { readSysctl, writeSysctl } from '../sysctl.ts';
import { readHost, readLinks } from './host.ts';

type Outcome = { ok: true } | { ok: false; why: string; errno?: string };
/** `left`: it is not as we left it, so somebody else's now. */
type Undone = Outcome | { ok: true; left: string };

export class Performer {
  readonly #requests: NetlinkSocket;

  constructor(requests: NetlinkSocket) {
    this.#requests = requests;
  }

  do(step: Step): Outcome {
    switch (step.do) {
      case 'setSysctl':
      case 'initSysctl':
        return written(step.path, step.value);
      case 'addTunnel': {
        const made = this.#ask(createTunnel(step.tunnel));
        return made.ok ? this.#ask(setLinkUp(step.tunnel.name)) : made;
      }
      case 'setLinkUp':
        return this.#ask(setLinkUp(step.name));
      case 'addAddress': {
        const entry = this.#entry(step);
        return entry === undefined
          ? noInterface(step.interface)
          : this.#ask(addAddress(entry, { replace: false }));
      }
      case 'setRoute':
        return this.#askRoute(step.route, replaceRoute);
    }
  }

  undo(step: Step): Undone {
    switch (step.do) {
      case 'setSysctl': {
        const now = readSysctl(step.path);
        if (now !== step.value)
          return { ok: true, left: now === undefined ? 'it is gone' : `it is ${now} now` };
        return written(step.path, step.former);
      }
      case 'initSysctl':
        return { ok: true };
      case 'addTunnel': {
        const { name, kind, local } = step.tunnel;
        const link = readLinks(this.#requests).find((each) => each.name === name);
        if (link === undefined) return { ok: true, left: 'it is gone' };
        const isOurs = link.kind === kind && link.tunnel?.local === local;
        return isOurs ? this.#ask(deleteLink(name)) : { ok: true, left: 'it is another one now' };
      }
      case 'setLinkUp':
        return gone(this.#ask(setLinkDown(step.name)));
      case 'addAddress': {
        const entry = this.#entry(step);
        return entry === undefined ? { ok: true, left: 'it is gone' } : gone(this.#ask(deleteAddress(entry)));
      }
      case 'setRoute':
        return this.#undoRoute(step.route, step.former);
    }
  }

  #undoRoute(route: Route, former: Route | undefined): Undone {
    const isThere = readHost(this.#requests).routes.some(
      (each) =>
        each.to.address === route.to.address &&
        each.to.length === route.to.length &&
        each.via === route.via &&
        each.interface === route.interface &&
        each.metrics?.advmss === route.metrics?.advmss,
    );
    if (!isThere) return { ok: true, left: 'it is not as it was set' };
    return former === undefined
      ? gone(this.#askRoute(route, deleteRoute))
      : this.#askRoute(former, replaceRoute);
  }

  #askRoute(route: Route, of: typeof deleteRoute): Outcome {
    const links = readLinks(this.#requests);
    const indexOf = (name: string) => links.find((link) => link.name === name)?.index ?? 0;
    const unknown = [route, ...(route.hops ?? [])].find(
      ({ interface: name }) => name !== undefined && indexOf(name) === 0,
    );
    return unknown === undefined
      ? this.#ask(of(route, indexOf))
      : { ok: false, why: `${routeName(route)}: there is no ${unknown.interface}` };
  }

  /** An address of a server alone: no answers to others start from it, and nobody else can have it. */
  #entry({ interface: name, address }: Step & { do: 'addAddress' }) {
    const interfaceIndex = ifNametoindex(name);
    if (interfaceIndex === undefined) return undefined;
    const isSix = familyOf(address) === 6;
    return {
      interfaceIndex,
      address,
      prefixLength: hostLength(address),
      scope: 0,
      flags: isSix ? IFA_F.NODAD : 0,
      ...(isSix ? { validSeconds: FOREVER, preferredSeconds: 0 } : {}),
    };
  }

  #ask(request: Request): Outcome {
    const [result] = this.#requests.requestMany([request]);
    if (result!.ok) return { ok: true };
    const { errno, explanation } = result!;
    return { ok: false, why: WHY[errno] ?? explanation ?? errno, errno };
  }
}

const WHY: Readonly<Record<string, string>> = {
  EPERM: 'not allowed: this needs CAP_NET_ADMIN, as root has it (EPERM)',
  EOPNOTSUPP: 'this kernel cannot do that, or the module for it is not there (EOPNOTSUPP)',
};
/** ENODEV, EADDRNOTAVAIL, ESRCH: what is to go is gone. */
const GONE = ['ENODEV', 'EADDRNOTAVAIL', 'ESRCH'];

function gone(outcome: Outcome): Undone {
  if (outcome.ok || !GONE.includes(outcome.errno ?? '')) return outcome;
  return { ok: true, left: 'it is gone' };
}
function noInterface(name: string): Outcome {
  return { ok: false, why: `there is no ${name}` };
}
function written(path: string, value: string): Outcome {
  const why = writeSysctl(path, value);
  return why === undefined ? { ok: true } : { ok: false, why };
}

type UndoneLine = { step: string; result: 'done' | 'failed' | 'left'; why?: string };

/** In order; what failed is told, and the rest is tried all the same. */
export function undoAll(
  performer: Performer,
  steps: readonly KeyedStep[],
): { lines: UndoneLine[]; failed: KeyedStep[] } {
  const failed: KeyedStep[] = [];
  const lines = steps.map((keyed): UndoneLine => {
    const result = performer.undo(keyed.step);
    const step = undoName(keyed.step);
    if (!result.ok) failed.push(keyed);
    if (!result.ok) return { step, result: 'failed', why: result.why };
    return 'left' in result ? { step, result: 'left', why: result.left } : { step, result: 'done' };
  });
  return { lines, failed };
}
