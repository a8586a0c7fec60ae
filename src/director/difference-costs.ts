// What a change costs those who use the service, where it costs or promises something: one clause for people.
import type { Change, Difference, FieldChange } from './difference.ts';

/** A running director keeps the engine it started with. */
export function needsRestart(change: Change): boolean {
  return change.what === 'director' && change.do === 'changed' && has(change.fields, 'engine');
}

/** Undefined: it is in force with the reload, and nobody notices. */
export function costOf(change: Change, drains: Difference['drains']): string | undefined {
  switch (change.what) {
    case 'instance':
      return costOfInstance(change);
    case 'address':
      return costOfAddress(change);
    case 'service':
      return costOfService(change);
    case 'server':
      return costOfServer(change, drains);
    case 'check':
      return costOfCheck(change);
    case 'sync':
      return costOfSync(change);
    case 'director':
      return costOfSettings(change);
  }
}

type Of<W extends Change['what']> = Extract<Change, { what: W }>;

/** See vrrp/configure.ts for what it does with each. */
function costOfInstance(change: Of<'instance'>): string | undefined {
  if (change.do === 'added') return 'joins the election';
  if (change.do === 'removed') return 'a MASTER hands over first';
  const { fields } = change;
  if (['interface', 'vrid', 'version', 'vmac'].some((field) => has(fields, field)))
    return 'another virtual router to its peers: lets go of its addresses and is elected anew';
  const notes: string[] = [];
  if (has(fields, 'priority')) notes.push('may move the MASTER role');
  if (has(fields, 'password')) notes.push('its peers need the same password');
  if (fields.some(({ field }) => field.startsWith('hmac'))) notes.push(costOfKeys(fields));
  if (has(fields, 'advertMs') || has(fields, 'downAdverts')) notes.push('its peers need the same interval');
  return notes.length === 0 ? undefined : notes.join('; ');
}

/** See rotation in docs: first every director knows a key, then one after the other signs with it. */
function costOfKeys(fields: readonly FieldChange[]): string {
  const isEnforced = fields.some(({ field, to }) => field === 'hmacMode' && to === 'enforce');
  if (isEnforced) return 'unsigned adverts are dropped: every peer has to sign';
  return 'its peers need the key that signs';
}

function costOfAddress(change: Of<'address'>): string | undefined {
  return change.do === 'removed' ? 'who uses it loses it' : undefined;
}

function costOfService(change: Of<'service'>): string | undefined {
  if (change.do === 'removed') return 'its connections end';
  if (change.do === 'changed' && has(change.fields, 'mark'))
    return 'other services of IPVS take its place: its connections end';
  return change.do === 'changed' ? 'for new connections' : undefined;
}

function costOfServer(change: Of<'server'>, drains: Difference['drains']): string | undefined {
  if (change.do === 'removed') {
    const drainMs = drains.get(change.service);
    if (drainMs === undefined) return 'its connections end; weight 0 would drain it';
    return `drained: its connections have ${drainMs / 1000} s to end`;
  }
  if (change.do === 'added') return undefined;
  const weight = change.fields.find(({ field }) => field === 'weight');
  if (weight?.to === 0) return 'drained: its connections go on, it gets no new ones';
  if (weight?.from === 0) return 'gets new connections again';
  return has(change.fields, 'forwarding') ? 'for new connections' : undefined;
}

function costOfCheck(change: Of<'check'>): string | undefined {
  if (change.do === 'added') return 'its server stays what it is until the first probe';
  return change.do === 'removed' ? 'a server that only it kept out comes back' : undefined;
}

function costOfSync(change: Of<'sync'>): string | undefined {
  if (change.do === 'added') return undefined;
  if (change.do === 'removed') return 'a failover will lose the connections made from now on';
  // Which instance it follows decides the role only.
  const restarts = change.fields.some(({ field }) => field !== 'instance');
  return restarts ? 'starts anew: what is announced in that moment is lost' : undefined;
}

function costOfSettings(change: Of<'director'>): string | undefined {
  return needsRestart(change) ? 'the engine changes with a restart only' : undefined;
}

function has(fields: readonly FieldChange[], name: string): boolean {
  return fields.some(({ field }) => field === name);
}
