// What is fuzzed: a reader, the texts it is given, and what has to hold for each. Another reader is another
// entry here.

import { yamlLibrary } from '../../src/linux/yaml-library.ts';
import type { Draw } from './draw.ts';
import { keepalivedText } from './generate.ts';
import { yamlText } from './generate-yaml.ts';
import { type Input, includeFrom } from './input.ts';
import { survives } from './survives.ts';

export type Target = {
  generate(draw: Draw): Input;
  /** Throws when a promise is broken. */
  run(input: Input): void;
};

export const TARGETS: Readonly<Record<string, Target>> = {
  keepalived: {
    generate: keepalivedText,
    run(input) {
      for (const compat of [false, true])
        survives(input.text, { compat, configId: 'x', include: includeFrom(input) });
    },
  },
  yaml: {
    generate: yamlText,
    run(input) {
      for (const compat of [false, true])
        survives(input.text, { compat, include: includeFrom(input), yaml: yamlLibrary }, 'x.yaml');
    },
  },
};
