// The one service that `lvs-director ipvs` is asked for, in ipvsadm's words: -t HOST:PORT, -u, --sctp-
// service, -f MARK.
import { type Address, parseAddress } from '../core/address.ts';
import type { Protocol, Selector } from '../ipvs/model.ts';
import { addressOfHost, portOfService } from '../linux/names.ts';

export type ServiceFlags = {
  tcpService?: string;
  udpService?: string;
  sctpService?: string;
  fwmarkService?: string;
  /** A firewall mark's service for IPv6. */
  ipv6: boolean;
};
export type Asked = { ok: true; selector: Selector } | { ok: false; message: string };

const BY_ADDRESS = [
  ['tcpService', 'TCP'],
  ['udpService', 'UDP'],
  ['sctpService', 'SCTP'],
] as const satisfies readonly [keyof ServiceFlags, Protocol][];
const HIGHEST_MARK = 0xffff_ffff;
const HIGHEST_PORT = 0xffff;

/** Undefined = no particular one. */
export async function askedService(flags: ServiceFlags): Promise<Asked | undefined> {
  const asked: Promise<Asked>[] = BY_ADDRESS.flatMap(([flag, protocol]) => {
    const text = flags[flag];
    return text === undefined ? [] : [byAddress(protocol, text)];
  });
  if (flags.fwmarkService !== undefined) asked.push(Promise.resolve(byMark(flags.fwmarkService, flags.ipv6)));
  if (asked.length > 1) return { ok: false, message: "multiple 'service-address' options specified" };
  return asked[0];
}

async function byAddress(protocol: Protocol, text: string): Promise<Asked> {
  const [, six, four, portText] = /^(?:\[([^\]]*)\]|([^[\]:]+))(?::(.+))?$/.exec(text) ?? [
    undefined,
    undefined,
    text,
  ];
  const address = await readHost(six ?? four!);
  const port = portText === undefined ? 0 : readPort(portText, protocol);
  if (address === undefined || port === undefined) {
    return { ok: false, message: `illegal virtual server address:port specified: ${text}` };
  }
  return { ok: true, selector: { protocol, address, port } };
}

async function readHost(text: string): Promise<Address | undefined> {
  return parseAddress(text) ?? (text.includes(':') ? undefined : await addressOfHost(text));
}

function readPort(text: string, protocol: Protocol): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) <= HIGHEST_PORT ? Number(text) : undefined;
  return portOfService(text, protocol.toLowerCase());
}

function byMark(text: string, six: boolean): Asked {
  const mark = Number(text);
  if (!/^\d+$/.test(text) || mark === 0 || mark > HIGHEST_MARK) {
    return { ok: false, message: `invalid fwmark value \`${text}' specified` };
  }
  return { ok: true, selector: { mark, family: six ? 6 : 4 } };
}
