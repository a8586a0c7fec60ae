// Chooses the data plane: the kernel's IPVS where there is one, the embedded engine where there is not.
import { DirectorError } from '../core/errors.ts';
import type { Notice } from '../core/events.ts';
import type { DataPlane } from '../ipvs/plane.ts';

type Edges = { say: (notice: Notice) => void; fail: (error: Error) => void };

/** The engines are loaded when chosen: the other one costs neither time nor memory. */
export async function openPlane(engine: 'auto' | 'kernel' | 'embedded', edges: Edges): Promise<DataPlane> {
  const plane = engine === 'embedded' ? undefined : await openKernel();
  if (plane === undefined && engine === 'kernel') {
    throw new DirectorError(
      'IPVS_MODULE_MISSING',
      'this kernel has no IPVS, and the file says `engine kernel`',
    );
  }
  const chosen = plane ?? (await openEmbedded(edges));
  const why = engine === 'auto' && chosen.engine === 'embedded' ? ': this kernel has no IPVS' : '';
  edges.say({
    event: 'ipvs.engine',
    message: `${chosen.engine} engine forwards${why}`,
    fields: { engine: chosen.engine },
  });
  return chosen;
}

async function openKernel(): Promise<DataPlane | undefined> {
  const { openKernelPlane } = await import('../linux/kernel-plane.ts');
  return openKernelPlane();
}

async function openEmbedded({ say, fail }: Edges): Promise<DataPlane> {
  const { openEmbeddedPlane } = await import('../linux/engine/plane.ts');
  return openEmbeddedPlane({
    onNotice: say,
    onLost: (reason) => fail(new Error(`the embedded engine ended: ${reason}`)),
  });
}
