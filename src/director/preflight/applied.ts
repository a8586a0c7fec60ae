// What `realserver apply` did to this machine, as it is written down for `remove`. What the kernel forgets at
// a restart, as it does all of this, is not undone after one: hence the boot's id.
import type { KeyedStep } from './steps.ts';

const VERSION = 1;
export type Applied = { bootId: string; steps: readonly KeyedStep[] };

export function encodeApplied({ bootId, steps }: Applied): string {
  return `${JSON.stringify({ version: VERSION, bootId, steps }, undefined, 2)}\n`;
}

/** Undefined when it is none, or of another version. */
export function decodeApplied(text: string): Applied | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof document !== 'object' || document === null) return undefined;
  const { version, bootId, steps } = document as Record<string, unknown>;
  if (version !== VERSION || typeof bootId !== 'string' || !Array.isArray(steps)) return undefined;
  return { bootId, steps };
}
