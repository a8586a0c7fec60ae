// The Ethernet header, as the frames of ours have it that no socket of a higher layer would send.

export const ETHERTYPE = { ARP: 0x0806, IPV6: 0x86dd } as const;
export const ETHERNET = { destination: 0, source: 6, type: 12, size: 14 } as const;

/** `02:00:00:00:00:07` */
export function macText(bytes: Buffer): string {
  return bytes.toString('hex').replace(/..(?!$)/g, '$&:');
}
export function macBytes(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}
