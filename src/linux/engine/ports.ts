// The engine's packet sockets, one for each Ethernet interface it may use: opened and closed as interfaces
// come and go, read in batches through the engine, flushed to the wire. Makes no decisions about packets.
import type { Address } from '../../core/address.ts';
import { VERDICT } from '../../ipvs/embedded/drops.ts';
import type { Engine } from '../../ipvs/embedded/engine.ts';
import { familyOfFlow, protocolOf, VNET } from '../../ipvs/embedded/frame.ts';
import type { Link } from '../../ipvs/embedded/links.ts';
import { lostPackets, POLL, pointerTo } from '../libc.ts';
import type { PollSet } from '../poll.ts';
import { BATCH, ReceiveBatch } from './batch.ts';
import { PacketSocket } from './packet-socket.ts';

/** Full batches in a row from one interface before the others have their turn. */
const TURNS_MAX = 4;

/** Frames that would wait for memory one after the other. */
const WORTH_LOOKING_AHEAD = 4;

type Port = {
  link: Link;
  socket: PacketSocket;
  pollIndex: number;
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
  readonly #batchAddress: number;
  readonly #outboxAddress: number;

  constructor(engine: Engine, poll: PollSet) {
    this.#engine = engine;
    this.#poll = poll;
    this.#batchAddress = Number(pointerTo(this.#batch.bytes));
    this.#outboxAddress = Number(pointerTo(engine.outbox.bytes));
  }

  /**
   * Sockets for the links there are, filters for what they are to hear. Answers why interfaces could not be
   * opened.
   */
  update(hearsOwnMacs: boolean): string[] {
    const faults: string[] = [];
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
        const port = open ?? this.#open(link);
        port.socket.want(owns && hearsOwnMacs ? { vrids, groups, ownMac: link.mac } : { vrids, groups });
      } catch (error) {
        faults.push(`${link.name}: ${(error as Error).message}`);
      }
    }
    return faults;
  }

  /** Reads every interface that the last wait found readable. */
  receive(): void {
    for (const port of this.#bySlot) {
      if (!port || this.#poll.ready(port.pollIndex) === 0) continue;
      let turns = TURNS_MAX;
      while (this.#receiveBatch(port) === BATCH && --turns > 0);
    }
  }

  /** Puts the engine's own frames on the wire. */
  flushOutbox(): void {
    const { outbox } = this.#engine;
    for (let place = 0; place < outbox.count; place++) {
      const port = this.#bySlot[outbox.link(place)];
      if (!port) continue;
      if (port.socket.out.isFull()) port.socket.out.flush(port.socket.fd);
      port.socket.out.add(this.#outboxAddress + outbox.start(place), outbox.length(place));
    }
    this.#flush();
    outbox.clear();
  }

  statistics() {
    return this.#bySlot.flatMap((port) => {
      if (!port) return [];
      port.overruns += lostPackets(port.socket.fd);
      const { sent, failed } = port.socket.out;
      const { received, batches, overruns } = port;
      return [{ name: port.link.name, received, batches, sent, sendFailed: failed, overruns }];
    });
  }

  close(): void {
    for (const port of this.#bySlot) if (port) this.#close(port);
  }

  #receiveBatch(port: Port): number {
    const engine = this.#engine;
    const batch = this.#batch;
    const count = batch.receive(port.socket.fd);
    if (count >= WORTH_LOOKING_AHEAD) {
      for (let i = 0; i < count; i++) engine.ahead.add(batch.bytes, batch.start(i) + VNET.size);
      engine.ahead.bring();
    }
    for (let i = 0; i < count; i++) {
      const length = batch.length(i);
      if (length < VNET.size) continue;
      const slot = port.link.slot;
      const out = engine.receive(slot, batch.bytes, batch.start(i) + VNET.size, length - VNET.size);
      // A super-frame in a tunnel is dozens of frames of the engine's own.
      if (engine.outbox.isHalfFull()) this.flushOutbox();
      if (out <= VERDICT.taken) continue;
      const target = this.#bySlot[out];
      if (!target) continue;
      if (target.socket.out.isFull()) target.socket.out.flush(target.socket.fd);
      const { packet } = engine;
      target.socket.out.add(this.#batchAddress + packet.start - VNET.size, packet.length + VNET.size);
    }
    if (count > 0) {
      port.received += count;
      port.batches++;
    }
    // The slots are used again by the next batch: everything leaves now.
    if (engine.outbox.count > 0) this.flushOutbox();
    else this.#flush();
    return count;
  }

  #flush(): void {
    for (const port of this.#bySlot) {
      if (port && port.socket.out.count > 0) port.socket.out.flush(port.socket.fd);
    }
  }

  #open(link: Link): Port {
    const socket = new PacketSocket(link.index);
    const port: Port = { link, socket, pollIndex: 0, received: 0, batches: 0, overruns: 0 };
    port.pollIndex = this.#poll.add(socket.fd, POLL.IN);
    this.#bySlot[link.slot] = port;
    return port;
  }

  #close(port: Port): void {
    this.#poll.remove(port.socket.fd);
    port.socket.close();
    this.#bySlot[port.link.slot] = undefined;
  }
}

/** Those that ask for our IPv6 addresses ask in groups. */
function groupsOn(engine: Engine, link: Link): Address[] {
  const { addresses } = engine.sessions;
  return engine.links
    .allOwned()
    .filter((owned) => owned.family === 6 && owned.link === link)
    .map(({ address }) => addresses.text(address, 6));
}
