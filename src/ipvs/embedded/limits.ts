// What of a table the embedded engine cannot do yet, as reasons for people: found before a command is sent,
// so that a service is refused as a whole or a server by name, and never half done.
import { familyOf } from '../../core/address.ts';
import { familyOfService, type Server, type ServiceHead } from '../model.ts';
import type { DataPlane } from '../plane.ts';
import { isPersistenceEngine } from './call-id.ts';
import { isScheduler } from './scheduling/schedulers.ts';

/** What of the engine's needs the machine does not fulfil: reasons; but for marks that it gives itself. */
export type Lacks = { marks?: string; given?: ReadonlySet<number> };

export function refusing(lacks: Lacks): DataPlane['refusal'] {
  return (service, server) => (server === undefined ? ofService(service, lacks) : ofServer(service, server));
}

function ofService(service: ServiceHead, { marks, given }: Lacks): string | undefined {
  if ('mark' in service && marks !== undefined && !given?.has(service.mark)) return marks;
  if (!isScheduler(service.scheduler)) return `it has no scheduler ${service.scheduler}`;
  const { persistenceEngine: engine } = service;
  return isPersistenceEngine(engine) ? undefined : `it has no persistence engine ${engine}`;
}

function ofServer(service: ServiceHead, { address, forwarding }: Server): string | undefined {
  if (forwarding !== 'TUN' && familyOf(address) !== familyOfService(service)) {
    return `${forwarding} does not lead to the other family`;
  }
  return undefined;
}
