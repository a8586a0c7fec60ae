// Tables made of services and servers with defaults.
import { address } from '../../src/core/address.ts';
import {
  familyOfService,
  type Protocol,
  type Selector,
  type Server,
  type Service,
  type ServiceSettings,
  serverKey,
  serviceKey,
  type Table,
} from '../../src/ipvs/model.ts';

export function server(text: string, port: number, changes: Partial<Server> = {}): Server {
  const plain = { forwarding: 'NAT', weight: 1, upperThreshold: 0, lowerThreshold: 0 } as const;
  return { address: address(text), port, ...plain, ...changes };
}
export function service(
  text: string,
  port: number,
  servers: Server[],
  { protocol = 'TCP', ...changes }: Partial<ServiceSettings> & { protocol?: Protocol } = {},
): Service {
  return of({ protocol, address: address(text), port }, servers, changes);
}
export function of(selector: Selector, servers: Server[], changes: Partial<ServiceSettings> = {}): Service {
  return {
    ...selector,
    scheduler: 'wlc',
    schedulerFlags: 0,
    persistenceSeconds: 0,
    persistencePrefix: familyOfService(selector) === 6 ? 128 : 32,
    onePacket: false,
    servers: new Map(servers.map((one) => [serverKey(one), one])),
    ...changes,
  };
}
export const tableOf = (...services: Service[]): Table =>
  new Map(services.map((one) => [serviceKey(one), one]));
