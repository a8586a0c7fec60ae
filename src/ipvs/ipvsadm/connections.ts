// `ipvsadm -L -c`: the connections of a table, one line each.
import type { ShownConnection } from '../connection.ts';
import { type Names, nameEndpoint } from './names.ts';

/** `withEngine`: also what persistence engines keep (`--persistent-conn`). */
export type ConnectionColumns = { names: Names; withEngine: boolean };

export function renderConnectionsHead({ withEngine }: ConnectionColumns): string {
  const names = ['pro expire', pad('state', 11), pad('source', 18), pad('virtual', 18)];
  const last = withEngine ? [pad('destination', 18), pad('pe name', 16), 'pe_data'] : ['destination'];
  return `IPVS connection entries\n${[...names, ...last].join(' ')}\n`;
}

export function renderConnection(connection: ShownConnection, columns: ConnectionColumns): string {
  const { protocol, state, expiresSeconds, persistence } = connection;
  const name = (address: ShownConnection['client'], port: number) =>
    nameEndpoint(address, port, protocol, columns.names);
  const destination = name(connection.destination, connection.destinationPort);
  const fields = [
    pad(protocol, 3),
    pad(`${two(expiresSeconds / 60)}:${two(expiresSeconds % 60)}`, 6),
    pad(state, 11),
    pad(name(connection.client, connection.clientPort), 18),
    pad(name(connection.virtual, connection.virtualPort), 18),
  ];
  if (!columns.withEngine || persistence === undefined) return `${[...fields, destination].join(' ')}\n`;
  const { engine, data } = persistence;
  return `${[...fields, pad(destination, 16), pad(engine, 18), data].join(' ')}\n`;
}

function pad(text: string, width: number): string {
  return text.padEnd(width);
}
function two(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}
