// Good files as slips of an editor leave them: something removed, doubled or put in.
import fc from 'fast-check';

export function damaged(files: readonly string[], token: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const change = fc.record({
    file: fc.constantFrom(...files),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.nat({ max: 40 }),
    insert: fc.oneof(fc.constant(''), token),
  });
  return change.map(({ file, at, remove, insert }) => {
    const start = Math.floor(at * file.length);
    return `${file.slice(0, start)}${insert}${file.slice(start + remove)}`;
  });
}
