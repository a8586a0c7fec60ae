// Generic netlink: the 4-byte header behind which families such as IPVS speak, and the controller that tells
// their numbers. <linux/genetlink.h>. Does no input or output.
import {
  type Decoded,
  decodeAttributes,
  encodeAttributes,
  type Fields,
  list,
  nested,
  type Schema,
  schema,
  text,
  u16,
  u32,
  type Values,
} from './attributes.ts';
import { type Message, NLM_F, type Request } from './message.ts';

export const NETLINK_GENERIC = 16;
const AT = { command: 0, version: 1 } as const;
const HEADER_SIZE = 4;
/** The controller is the one family whose number is fixed. */
const GENL_ID_CTRL = 0x10;
const CTRL_VERSION = 2;
const CTRL_CMD = { NEWFAMILY: 1, GETFAMILY: 3 } as const;

const GROUP = schema({ name: { id: 1, kind: text }, id: { id: 2, kind: u32 } });
const CONTROLLER = schema({
  familyId: { id: 1, kind: u16 },
  familyName: { id: 2, kind: text },
  version: { id: 3, kind: u32 },
  headerSize: { id: 4, kind: u32 },
  maxAttribute: { id: 5, kind: u32 },
  groups: { id: 7, kind: list(nested(GROUP)) },
});

/** A generic netlink family as this kernel numbers it. `groups`: multicast group ids by name. */
export type GenericFamily = {
  id: number;
  name: string;
  version: number;
  groups: ReadonlyMap<string, number>;
};
export type GenericHeader = { command: number; version: number };

/** The payload of a message: header and attributes. */
export function encodeGeneric<F extends Fields>(
  header: GenericHeader,
  of: Schema<F>,
  values: Values<F>,
): Buffer {
  const payload = encodeAttributes(of, values, HEADER_SIZE);
  payload.writeUInt8(header.command, AT.command);
  payload.writeUInt8(header.version, AT.version);
  return payload;
}

export function decodeGeneric<F extends Fields>(
  of: Schema<F>,
  payload: Buffer,
): Decoded<GenericHeader & { values: Values<F> }> {
  if (payload.length < HEADER_SIZE) return { ok: false, drop: 'header-truncated' };
  const decoded = decodeAttributes(of, payload.subarray(HEADER_SIZE));
  if (!decoded.ok) return decoded;
  const command = payload.readUInt8(AT.command);
  const version = payload.readUInt8(AT.version);
  return { ok: true, value: { command, version, values: decoded.value } };
}

/**
 * Asks the controller for a family. The kernel answers ENOENT, after trying to load its module, when there is
 * none.
 */
export function familyRequest(name: string): Request {
  const header = { command: CTRL_CMD.GETFAMILY, version: CTRL_VERSION };
  const payload = encodeGeneric(header, CONTROLLER, { familyName: name });
  return { name: `CTRL_CMD_GETFAMILY ${name}`, type: GENL_ID_CTRL, flags: NLM_F.ACK, payload };
}

export function decodeFamily(message: Message): Decoded<GenericFamily> {
  if (message.type !== GENL_ID_CTRL) return { ok: false, drop: 'unexpected-type' };
  const decoded = decodeGeneric(CONTROLLER, message.payload);
  if (!decoded.ok) return decoded;
  const { command, values } = decoded.value;
  if (command !== CTRL_CMD.NEWFAMILY) return { ok: false, drop: 'unexpected-type' };
  const { familyId, familyName, version } = values;
  if (familyId === undefined || familyName === undefined || version === undefined) {
    return { ok: false, drop: 'attribute-missing' };
  }
  const groups = new Map<string, number>();
  for (const { name, id } of values.groups ?? []) {
    if (name !== undefined && id !== undefined) groups.set(name, id);
  }
  return { ok: true, value: { id: familyId, name: familyName, version, groups } };
}
