// Frames just received, wherever they are: in memory that is shared with the kernel (ring.ts), or where
// recvmmsg put them (batch.ts). Numbered from 0, they stay there until they are released.
export type Frames = {
  /** Where most of them are. */
  readonly bytes: Buffer;
  /** Takes what waits on `fd`, at most BATCH frames: how many; 0 when none waits, negative errno. */
  receive(fd: number): number;
  bytesOf(index: number): Buffer;
  /** Of the beginning of {@link bytesOf}, as a number: user space ends below 2⁴⁷. */
  addressOf(index: number): number;
  /** Where the frame's virtio_net_hdr begins, HEADROOM or more before it. */
  start(index: number): number;
  /** Bytes received, the virtio_net_hdr included. */
  length(index: number): number;
  /** The firewall mark, signed; 0 = it has none, or its socket tells none. */
  mark(index: number): number;
  /** All of them: their memory is used again. */
  release(): void;
};
