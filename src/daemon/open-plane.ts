// Chooses the data plane: the kernel's IPVS where there is one, the embedded engine where there is not.
import { DirectorError } from '../core/errors.ts';
import type { Notice } from '../core/events.ts';
import type { DataPlane } from '../ipvs/plane.ts';

/** The engines are loaded when chosen: the other one costs neither time nor memory. */
export async function openPlane(
  engine: 'auto' | 'kernel' | 'embedded',
  say: (notice: Notice) => void,
): Promise<DataPlane> {
  const plane = engine === 'embedded' ? undefined : await openKernel();
  if (plane === undefined && engine === 'kernel') {
    throw new DirectorError(
      'IPVS_MODULE_MISSING',
      'this kernel has no IPVS, and the file says `engine kernel`',
    );
  }
  const chosen = plane ?? (await openEmbedded(say));
  const why = engine === 'auto' && chosen.engine === 'embedded' ? ': this kernel has no IPVS' : '';
  say({
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

async function openEmbedded(say: (notice: Notice) => void): Promise<DataPlane> {
  const { openEmbeddedPlane } = await import('../linux/engine/plane.ts');
  return openEmbeddedPlane({ onNotice: say });
}
