// BFD control packets (RFC 5880 §4.1), the payload of UDP: to bytes and back. Says what a packet is; whose
// session it belongs to and what it changes is session.ts's.
export type SessionState = 'adminDown' | 'down' | 'init' | 'up';
/** As the two bits of the packet have them. */
const STATES: readonly SessionState[] = ['adminDown', 'down', 'init', 'up'];

/** RFC 5880 §4.1, those that we give a reason with. */
export const DIAGNOSTIC = {
  none: 0,
  detectionTimeExpired: 1,
  neighbourSaidDown: 3,
  administrativelyDown: 7,
} as const;

export type ControlPacket = {
  diagnostic: number;
  state: SessionState;
  /** The sender wants an answer with `final`, at once. */
  poll: boolean;
  final: boolean;
  detectMultiplier: number;
  myDiscriminator: number;
  /** 0 = not known yet. */
  yourDiscriminator: number;
  desiredMinTxUs: number;
  /** 0 = send me nothing. */
  requiredMinRxUs: number;
};
export type BfdDropReason =
  | 'too-short'
  | 'not-version-1'
  | 'length-mismatch'
  | 'zero-multiplier'
  | 'multipoint'
  | 'authenticated'
  | 'zero-discriminator'
  | 'no-session';
export type DecodedControl = { ok: true; packet: ControlPacket } | { ok: false; drop: BfdDropReason };

const AT = {
  versionDiagnostic: 0,
  stateFlags: 1,
  multiplier: 2,
  length: 3,
  mine: 4,
  yours: 8,
  desiredMinTx: 12,
  requiredMinRx: 16,
  size: 24,
} as const;
const VERSION = 1;
const FLAG = { poll: 0x20, final: 0x10, authentication: 0x04, multipoint: 0x01 } as const;

/** The checks of RFC 5880 §6.8.6 that need nothing but the packet, in its order. */
export function decodeControl(bytes: Buffer): DecodedControl {
  if (bytes.length < AT.size) return drop('too-short');
  if (bytes.readUInt8(AT.versionDiagnostic) >> 5 !== VERSION) return drop('not-version-1');
  const length = bytes.readUInt8(AT.length);
  if (length < AT.size || length > bytes.length) return drop('length-mismatch');
  const flags = bytes.readUInt8(AT.stateFlags);
  const detectMultiplier = bytes.readUInt8(AT.multiplier);
  if (detectMultiplier === 0) return drop('zero-multiplier');
  if (flags & FLAG.multipoint) return drop('multipoint');
  const myDiscriminator = bytes.readUInt32BE(AT.mine);
  if (myDiscriminator === 0) return drop('zero-discriminator');
  const state = STATES[flags >> 6]!;
  const yourDiscriminator = bytes.readUInt32BE(AT.yours);
  const knowsNobody = state === 'down' || state === 'adminDown';
  if (yourDiscriminator === 0 && !knowsNobody) return drop('zero-discriminator');
  if (flags & FLAG.authentication) return drop('authenticated'); // keepalived has none either
  return {
    ok: true,
    packet: {
      diagnostic: bytes.readUInt8(AT.versionDiagnostic) & 0x1f,
      state,
      poll: (flags & FLAG.poll) !== 0,
      final: (flags & FLAG.final) !== 0,
      detectMultiplier,
      myDiscriminator,
      yourDiscriminator,
      desiredMinTxUs: bytes.readUInt32BE(AT.desiredMinTx),
      requiredMinRxUs: bytes.readUInt32BE(AT.requiredMinRx),
    },
  };
}

/** Without echo function (RFC 5880 §6.4): required minimum echo interval 0. */
export function encodeControl(packet: ControlPacket): Buffer {
  const bytes = Buffer.alloc(AT.size);
  bytes.writeUInt8((VERSION << 5) | packet.diagnostic, AT.versionDiagnostic);
  const flags = (packet.poll ? FLAG.poll : 0) | (packet.final ? FLAG.final : 0);
  bytes.writeUInt8((STATES.indexOf(packet.state) << 6) | flags, AT.stateFlags);
  bytes.writeUInt8(packet.detectMultiplier, AT.multiplier);
  bytes.writeUInt8(AT.size, AT.length);
  bytes.writeUInt32BE(packet.myDiscriminator, AT.mine);
  bytes.writeUInt32BE(packet.yourDiscriminator, AT.yours);
  bytes.writeUInt32BE(packet.desiredMinTxUs, AT.desiredMinTx);
  bytes.writeUInt32BE(packet.requiredMinRxUs, AT.requiredMinRx);
  return bytes;
}

function drop(reason: BfdDropReason): DecodedControl {
  return { ok: false, drop: reason };
}
