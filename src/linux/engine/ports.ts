// The engine's packet sockets for each Ethernet interface it may use: opened and closed as interfaces come
// and go, read in batches through the engine, flushed to the wire. Makes no decisions about packets.
import type { Address } from '../../core/address.ts';
import { VERDICT } from '../../ipvs/embedded/drops.ts';
import type { Engine } from '../../ipvs/embedded/engine.ts';
import { familyOfFlow, protocolOf, VNET } from '../../ipvs/embedded/frame.ts';
import type { Link } from '../../ipvs/embedded/links.ts';
import { POLL, pointerTo } from '../libc.ts';
import type { PollSet } from '../poll.ts';
import { BATCH, ReceiveBatch } from './batch.ts';
import type { Frames } from './frames.ts';
import { PacketSocket } from './packet-socket.ts';

/** Full batches in a row from one interface before the others have their turn. */
const TURNS_MAX = 4;

/** Frames that would wait for memory one after the other. */
const WORTH_LOOKING_AHEAD = 4;

type Port = {
  link: Link;
  socket: PacketSocket;
  /** Of each of its descriptors. */
  pollIndices: readonly number[];
  received: number;
  batches: number;
  overruns: number;
};

export class Ports {
  readonly #engine: Engine;
  readonly #poll: PollSet;
  readonly #batch = new ReceiveBatch();
  /** By the link's slot. */
  readonly #bySlot: (Port | undefined)[] = [];
  readonly #outboxAddress: number;

  constructor(engine: Engine, poll: PollSet) {
    this.#engine = engine;
    this.#poll = poll;
    this.#outboxAddress = Number(pointerTo(engine.outbox.bytes));
  }

  /**
   * Sockets for the links there are, filters for what they are to hear. Answers why interfaces could not be
   * opened.
   */
  update({ hearsOwnMacs, hearsMarks }: { hearsOwnMacs: boolean; hearsMarks: boolean }): string[] {
    const faults: string[] = [];
    if (hearsMarks) this.#batch.hearMarks(true);
    const owns = this.#engine.links.allOwned().length > 0;
    for (const link of this.#engine.links.list) {
      const open = this.#bySlot[link.slot];
      const vrids = [...link.vrids.keys()]
        .filter((flow) => link.vrids[flow] === 1)
        .map((flow) => ({ vrid: protocolOf(flow), family: familyOfFlow(flow) }));
      const groups = groupsOn(this.#engine, link);
      const hasAddresses = link.addresses.length > 0 || link.addresses6.length > 0;
      const isNeeded = link.up && (hasAddresses || vrids.length > 0);
      if (!isNeeded && open) this.#close(open);
      try {
        if (!isNeeded) continue;
        const wanted = owns && hearsOwnMacs ? { vrids, groups, ownMac: link.mac } : { vrids, groups };
        const port = open ?? this.#open(link, hearsMarks);
        if (port.socket.hearsMarks === hearsMarks) port.socket.want(wanted);
        else this.#replace(port, hearsMarks, wanted);
      } catch (error) {
        faults.push(`${link.name}: ${(error as Error).message}`);
      }
    }
    if (!this.#bySlot.some((port) => port?.socket.hearsMarks)) this.#batch.hearMarks(false);
    return faults;
  }

  /** Reads every interface that the last wait found readable. */
  receive(): void {
    for (const port of this.#bySlot) {
      if (!port) continue;
      const { socket, pollIndices } = port;
      for (let i = 0; i < pollIndices.length; i++) {
        if (this.#poll.ready(pollIndices[i]!) === 0) continue;
        let turns = TURNS_MAX;
        while (this.#receiveBatch(port, socket.fds[i]!) === BATCH && --turns > 0);
      }
    }
  }

  /** Puts the engine's own frames on the wire. */
  flushOutbox(): void {
    const { outbox } = this.#engine;
    for (let place = 0; place < outbox.count; place++) {
      const port = this.#bySlot[outbox.link(place)];
      if (!port) continue;
      put(port.socket, this.#outboxAddress + outbox.start(place), outbox.length(place));
    }
    this.#flush();
    outbox.clear();
  }

  statistics() {
    return this.#bySlot.flatMap((port) => {
      if (!port) return [];
      port.overruns += port.socket.lost();
      const { sent, failed } = port.socket.out;
      const { received, batches, overruns } = port;
      return [{ name: port.link.name, received, batches, sent, sendFailed: failed, overruns }];
    });
  }

  close(): void {
    for (const port of this.#bySlot) if (port) this.#close(port);
  }

  #receiveBatch(port: Port, fd: number): number {
    const frames = port.socket.ring ?? this.#batch;
    const count = frames.receive(fd);
    if (count >= WORTH_LOOKING_AHEAD) this.#lookAhead(frames, count);
    for (let i = 0; i < count; i++) this.#forward(port, frames, i);
    if (count > 0) {
      port.received += count;
      port.batches++;
    }
    // Their memory is used again: everything leaves now.
    if (this.#engine.outbox.count > 0) this.flushOutbox();
    else this.#flush();
    frames.release();
    return count;
  }

  #lookAhead(frames: Frames, count: number): void {
    const { ahead } = this.#engine;
    const { bytes } = frames;
    for (let i = 0; i < count; i++) {
      if (frames.bytesOf(i) === bytes) ahead.add(bytes, frames.start(i) + VNET.size);
    }
    ahead.bring(bytes);
  }

  #forward(port: Port, frames: Frames, index: number): void {
    const engine = this.#engine;
    const length = frames.length(index) - VNET.size;
    if (length < 0) return;
    const bytes = frames.bytesOf(index);
    const mark = port.socket.hearsMarks ? frames.mark(index) : 0;
    const out = engine.receive(port.link.slot, bytes, frames.start(index) + VNET.size, length, mark);
    // A super-frame in a tunnel is dozens of frames of the engine's own.
    if (engine.outbox.isHalfFull()) this.flushOutbox();
    if (out <= VERDICT.taken) return;
    const target = this.#bySlot[out];
    if (!target) return;
    const { packet } = engine;
    const address = frames.addressOf(index) + packet.start - VNET.size;
    put(target.socket, address, packet.length + VNET.size);
  }

  #flush(): void {
    for (const port of this.#bySlot) {
      if (port && port.socket.out.count > 0) port.socket.out.flush(port.socket.fd);
    }
  }

  #open(link: Link, hearsMarks: boolean): Port {
    const socket = new PacketSocket(link.index, { hearsMarks, receiving: this.#receiving(link) });
    const pollIndices = this.#attend(socket);
    const port: Port = { link, socket, pollIndices, received: 0, batches: 0, overruns: 0 };
    this.#bySlot[link.slot] = port;
    return port;
  }

  /**
   * Other sockets in the place of the port's: the new ones hear before the old ones cease to, so that no
   * frame is lost. One that comes in between is heard by both.
   */
  #replace(port: Port, hearsMarks: boolean, wanted: Parameters<PacketSocket['want']>[0]): void {
    const before = port.socket;
    const { link } = port;
    const receiving = this.#receiving(link);
    const socket = new PacketSocket(link.index, { hearsMarks, out: before.out, receiving });
    try {
      socket.want(wanted);
      before.deafen();
    } catch (error) {
      socket.close();
      throw error;
    }
    for (const fd of before.fds) while (this.#receiveBatch(port, fd) > 0);
    port.overruns += before.lost();
    this.#forget(before);
    port.socket = socket;
    port.pollIndices = this.#attend(socket);
  }

  #receiving({ mtu }: Link) {
    return { mtu, large: this.#batch };
  }

  #attend({ fds }: PacketSocket): number[] {
    return fds.map((fd) => this.#poll.add(fd, POLL.IN));
  }

  #close(port: Port): void {
    this.#forget(port.socket);
    this.#bySlot[port.link.slot] = undefined;
  }

  #forget(socket: PacketSocket): void {
    for (const fd of socket.fds) this.#poll.remove(fd);
    socket.close();
  }
}

/** To be sent with the next ones, from where it is. */
function put({ out, fd }: PacketSocket, address: number, length: number): void {
  if (out.isFull()) out.flush(fd);
  out.add(address, length);
}

/** Those that ask for our IPv6 addresses ask in groups. */
function groupsOn(engine: Engine, link: Link): Address[] {
  const { addresses } = engine.sessions;
  return engine.links
    .allOwned()
    .filter((owned) => owned.family === 6 && owned.link === link)
    .map(({ address }) => addresses.text(address, 6));
}
