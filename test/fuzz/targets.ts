// What is fuzzed: a reader, the texts it is given (of bytes: one character each), and what has to hold for
// each. Another reader is another entry here.
import assert from 'node:assert/strict';
import { familyOf } from '../../src/core/address.ts';
import { readAnswer } from '../../src/director/preflight/wire.ts';
import { yamlLibrary } from '../../src/linux/yaml-library.ts';
import type { Draw } from './draw.ts';
import { keepalivedText } from './generate.ts';
import { answerFrame } from './generate-frame.ts';
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
  answer: {
    generate: answerFrame,
    run({ text }) {
      const heard = readAnswer(Buffer.from(text, 'latin1'));
      if (heard === undefined) return;
      assert.equal(familyOf(heard.source), familyOf(heard.destination));
      assert.match(heard.mac, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    },
  },
};
