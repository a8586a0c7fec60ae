// An entry of a list of addresses → its typed form.
import { type Address, addressBytes, addressFromBytes, familyOf, type Prefix } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import { ADDRESS_FLAGS, type VirtualAddress } from '../model.ts';
import type { AddressEntry } from '../schema/addresses.ts';

export function composeAddress({ at, value }: Located<AddressEntry>): VirtualAddress {
  const { prefix, dev, label, scope, peer, preferred_lft } = value;
  const given = value.broadcast ?? value.brd;
  const isIPv4 = familyOf(prefix.value.address) === 4;
  // What is for IPv4 only has been said to be wrong with IPv6: left out there, as keepalived does.
  return {
    at,
    prefix,
    ...(dev === undefined ? {} : { interface: dev }),
    ...(label === undefined || !isIPv4 ? {} : { label }),
    ...(scope === undefined || !isIPv4 ? {} : { scope }),
    ...(given === undefined || !isIPv4 ? {} : { broadcast: broadcastOf(prefix.value, given) }),
    ...(peer === undefined || familyOf(peer.value) !== familyOf(prefix.value.address) ? {} : { peer }),
    ...(preferred_lft === undefined ? {} : { preferredSeconds: preferred_lft }),
    ...(value.use_vmac === undefined ? {} : { onVirtualMac: true }),
    flags: ADDRESS_FLAGS.filter((flag) => value[flag] !== undefined),
  };
}

/** `+`: all bits behind the prefix are set; `-`: none is. */
function broadcastOf(prefix: Prefix, { value, at }: Located<Address | '+' | '-'>): Located<Address> {
  if (value !== '+' && value !== '-') return { value, at };
  const number = addressBytes(prefix.address).readUInt32BE();
  const behind = prefix.length === 0 ? 0xffffffff : 2 ** (32 - prefix.length) - 1;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE((value === '+' ? number | behind : number & ~behind) >>> 0);
  return { value: addressFromBytes(bytes), at };
}
