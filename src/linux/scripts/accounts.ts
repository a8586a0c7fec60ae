// Users and groups by name, as the C library knows them (files, LDAP …), and as numbers of their own.
import { define } from '../libc.ts';

/** keepalived.conf(5): who runs scripts that name nobody, where there is such a user; else root. */
const DEFAULT_USER = 'keepalived_script';
const ROOT = 0;
/** Members of a large group take room. */
const ROOM = 65_536;
/** struct passwd { name; passwd; uid; gid; … } and struct group { name; passwd; gid; … } of 64-bit Linux. */
const PASSWD = { size: 48, uid: 16, gid: 20 } as const;
const GROUP = { size: 32, gid: 16 } as const;

export type Account = { uid: number; gid: number };

type Lookup = (name: string, into: Buffer, room: Buffer, size: number, found: Buffer) => number;
const PARAMETERS = ['str', 'void *', 'void *', 'size_t', 'void *'];
const getpwnam = define<Lookup>('getpwnam_r', 'int', PARAMETERS);
const getgrnam = define<Lookup>('getgrnam_r', 'int', PARAMETERS);

/** Undefined = there is no such user, or no such group. The group of one who names none is the user's own. */
export function accountOf(user: string | undefined, group: string | undefined): Account | undefined {
  if (user === undefined) return userAccount(DEFAULT_USER) ?? { uid: ROOT, gid: ROOT };
  const account = userAccount(user) ?? numbered(user);
  if (account === undefined || group === undefined) return account;
  const gid = groupId(group) ?? numbered(group)?.gid;
  return gid === undefined ? undefined : { uid: account.uid, gid };
}

function userAccount(name: string): Account | undefined {
  const found = lookUp(getpwnam, name, PASSWD.size);
  return found && { uid: found.readUInt32LE(PASSWD.uid), gid: found.readUInt32LE(PASSWD.gid) };
}

function groupId(name: string): number | undefined {
  return lookUp(getgrnam, name, GROUP.size)?.readUInt32LE(GROUP.gid);
}

function lookUp(call: Lookup, name: string, size: number): Buffer | undefined {
  const entry = Buffer.alloc(size);
  const found = Buffer.alloc(8);
  const failed = call(name, entry, Buffer.alloc(ROOM), ROOM, found) !== 0;
  return failed || found.readBigUInt64LE() === 0n ? undefined : entry;
}

function numbered(name: string): Account | undefined {
  const id = /^\d{1,9}$/.test(name) ? Number(name) : undefined;
  return id === undefined ? undefined : { uid: id, gid: id };
}
