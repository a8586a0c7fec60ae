// Leaves out what is there already, and says so.

/** The first of each name. */
export function distinct<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  complain: (item: T, first: T) => void,
): T[] {
  const seen = new Map<string, T>();
  return items.filter((item) => {
    const name = nameOf(item);
    const first = seen.get(name);
    if (first === undefined) return seen.set(name, item);
    complain(item, first);
    return false;
  });
}
