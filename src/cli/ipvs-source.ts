// Who tells `lvs-director ipvs` what a data plane has: a director that answers at its control socket, with
// whichever engine it has, or else the kernel.
import { existsSync } from 'node:fs';
import { askMany, askOne } from '../console/control-client.ts';
import {
  ABOUT,
  CONNECTIONS,
  connectionFromJson,
  LISTING,
  listingFromJson,
} from '../console/listing-document.ts';
import { DirectorError } from '../core/errors.ts';
import { controlPath, RUNTIME_DIRECTORY } from '../core/runtime-files.ts';
import type { ShownConnection } from '../ipvs/connection.ts';
import { type Listing, readListing } from '../ipvs/listing.ts';
import { openKernelPlane } from '../linux/kernel-plane.ts';

export type Source = {
  listing(): Promise<Listing>;
  connections(): AsyncIterable<ShownConnection>;
  close(): Promise<void>;
};
const DEFAULT_CONTROL = controlPath(RUNTIME_DIRECTORY);

/** `control`: the socket to ask at; undefined = a director's where it is by default, if one answers there. */
export async function openSource(control: string | undefined): Promise<Source> {
  if (control !== undefined) return director(control);
  if (existsSync(DEFAULT_CONTROL) && (await answers(DEFAULT_CONTROL))) return director(DEFAULT_CONTROL);
  return kernel();
}

/** False also for whoever may not connect: then the kernel has to be asked, and may refuse as well. */
async function answers(path: string): Promise<boolean> {
  try {
    await askOne(path, ABOUT);
    return true;
  } catch (error) {
    if (error instanceof DirectorError && error.code === 'CONTROL_SILENT') return false;
    throw error;
  }
}

function director(path: string): Source {
  return {
    listing: async () => listingFromJson(await askOne(path, LISTING)),
    connections: async function* () {
      for await (const each of askMany(path, CONNECTIONS)) yield connectionFromJson(each);
    },
    close: async () => {},
  };
}

async function kernel(): Promise<Source> {
  const plane = await openKernelPlane();
  if (plane === undefined) {
    throw new DirectorError('IPVS_MODULE_MISSING', 'this kernel has no IPVS, and no director answers');
  }
  return {
    listing: () => readListing(plane),
    connections: () => plane.readConnections(),
    close: () => plane.close(),
  };
}
