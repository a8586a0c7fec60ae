// The lines of /proc/net/ip_vs_conn (ip_vs_conn_seq_show() of ip_vs_conn.c): IPv4 addresses as eight
// hexadecimal digits, IPv6 ones in full, ports in hexadecimal. The first line names the columns.
import { type Address, addressFromBytes, parseAddress } from '../../core/address.ts';
import type { ShownConnection } from '../connection.ts';

/** Undefined for what is not a connection: the head of the table, or the words of a kernel we do not know. */
export function parseConnectionLine(line: string): ShownConnection | undefined {
  const [protocol, from, fromPort, to, toPort, real, realPort, state, expires, engine, data] = line
    .trim()
    .split(/ +/);
  const client = readAddress(from);
  const virtual = readAddress(to);
  const destination = readAddress(real);
  if (protocol === undefined || state === undefined || expires === undefined) return undefined;
  if (client === undefined || virtual === undefined || destination === undefined) return undefined;
  const connection = {
    protocol,
    client,
    clientPort: Number.parseInt(fromPort!, 16),
    virtual,
    virtualPort: Number.parseInt(toPort!, 16),
    destination,
    destinationPort: Number.parseInt(realPort!, 16),
    state,
    expiresSeconds: Number(expires),
  };
  return engine === undefined || data === undefined
    ? connection
    : { ...connection, persistence: { engine, data } };
}

function readAddress(text: string | undefined): Address | undefined {
  if (text === undefined) return undefined;
  return /^[0-9A-F]{8}$/.test(text) ? addressFromBytes(Buffer.from(text, 'hex')) : parseAddress(text);
}
