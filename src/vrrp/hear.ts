// Adverts as they come in: whose they are, whether they count, and what of them an operator should know. What
// is well formed is packet.ts, what counts accept.ts, what follows machine.ts.
import { type Address, familyOf } from '../core/address.ts';
import { isHigherAddress, ODDITY_MESSAGES, oddities, refuse } from './accept.ts';
import { authenticate, skewText } from './authenticate.ts';
import { noteMaster } from './dual.ts';
import { noteHeard } from './duplicates.ts';
import type { Elector } from './elector.ts';
import { familyOfPacket, openPacket } from './envelope.ts';
import { advance, count, type Instance, isQuiet, notice, type Turn } from './instance.ts';
import { type Decoded, decodeAdvert, RESIGNED, vridOf } from './packet.ts';
import { noteDrop } from './recorder.ts';
import { routersOf } from './roster.ts';
import { addressees, refuseOldChecksum } from './unicast.ts';

const DROP_EACH_MS = 60_000;
const ODDITY_EACH_MS = 3_600_000;

export function hear(elector: Elector, device: string, bytes: Buffer, turn: Turn): void {
  const vrid = vridOf(bytes);
  const family = familyOfPacket(bytes);
  const known = vrid === undefined || family === undefined ? [] : routersOf(elector, device, family, vrid);
  if (known.length === 0) return noteUnknown(elector, device, bytes, turn);
  const decoded = decodeAdvert(bytes);
  const meant = addressees(known, decoded);
  for (const instance of meant) {
    if (decoded.ok) hearAdvert(instance, decoded, turn);
    else refuseAdvert(instance, decoded.drop, undefined, turn);
  }
  if (meant.length > 0 || !decoded.ok) return;
  for (const instance of known) refuseAdvert(instance, 'not-a-peer', decoded.advert.source, turn);
}

/** In keepalived's words, which log monitors look for. */
function noteUnknown({ settings, strangers }: Elector, device: string, bytes: Buffer, turn: Turn): void {
  if (!settings.logsUnknownIds) return;
  const opened = openPacket(bytes);
  const vrid = vridOf(bytes);
  if (!opened.ok || vrid === undefined) return;
  const { source: from } = opened.datagram;
  const kind = `${device} ${familyOf(from)} ${vrid}`;
  if (turn.nowMs < (strangers.get(kind) ?? Number.NEGATIVE_INFINITY)) return;
  strangers.set(kind, turn.nowMs + DROP_EACH_MS);
  const message = `Unknown VRID(${vrid}) received on interface(${device}) from ${from}. ignoring...`;
  const told = { event: 'vrrp.advert.unknown' as const, message, fields: { interface: device, vrid, from } };
  turn.actions.push({ do: 'report', report: { type: 'notice', notice: told } });
}

function hearAdvert(instance: Instance, decoded: Decoded & { ok: true }, turn: Turn): void {
  const { advert, checksumForm: form } = decoded;
  const { own, source, router } = instance;
  if (source === undefined || router.state === 'INIT' || router.state === 'FAULT') return;
  const refusal = refuse(advert, own, source) ?? refuseOldChecksum(form, own);
  if (refusal) {
    refuseAdvert(instance, refusal, advert.source, turn);
    return;
  }
  const doubt = authenticate(instance, decoded, turn);
  if (doubt) {
    refuseAdvert(instance, doubt.drop, advert.source, turn, doubt.skewMs);
    return;
  }
  count(instance, 'advertsReceived');
  const isFamiliar = router.state === 'BACKUP' && instance.lastMaster?.address === advert.source;
  if (advert.priority === RESIGNED) count(instance, 'priorityZeroReceived');
  else instance.lastMaster = { address: advert.source, priority: advert.priority, atMs: turn.nowMs };
  for (const oddity of oddities(advert, form, own, !(own.trustsMaster && isFamiliar))) {
    count(instance, oddity);
    if (isQuiet(instance, `${oddity} ${advert.source}`, turn.nowMs, ODDITY_EACH_MS)) continue;
    const message = `${advert.source} ${ODDITY_MESSAGES[oddity]}`;
    notice(instance, 'vrrp.advert.odd', message, { from: advert.source, oddity }, turn);
  }
  noteMaster(instance, advert, turn);
  if (advert.priority !== RESIGNED) noteHeard(instance, advert.source, turn);
  const { priority, intervalMs } = advert;
  const higherAddress = priority === own.priority && isHigherAddress(advert.source, source);
  advance(instance, { type: 'advert', priority, intervalMs, higherAddress }, turn);
}

function refuseAdvert(
  instance: Instance,
  reason: string,
  from: Address | undefined,
  turn: Turn,
  skewMs?: number,
): void {
  count(instance, `dropped.${reason}`);
  if (turn.recorder) noteDrop(turn.recorder, turn.nowMs, instance.own.name, reason);
  if (isQuiet(instance, `dropped ${reason}`, turn.nowMs, DROP_EACH_MS)) return;
  const clock = skewMs === undefined ? '' : `, ${skewText(skewMs)}`;
  const message = `dropped an advert${from ? ` from ${from}` : ''}: ${reason}${clock}`;
  const fields = { reason, ...(from ? { from } : {}), ...(skewMs === undefined ? {} : { skewMs }) };
  notice(instance, 'vrrp.advert.dropped', message, fields, turn);
}
