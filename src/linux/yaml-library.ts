// The yaml package, loaded when the first YAML file is read: a director with keepalived's file is smaller and
// starts earlier without it.
import { createRequire } from 'node:module';
import type { YamlLibrary } from '../config/yaml/nodes.ts';

/** The configuration is read in one go, so loading cannot wait: `require`, not `import`. */
export function yamlLibrary(): YamlLibrary {
  return createRequire(import.meta.url)('yaml');
}
