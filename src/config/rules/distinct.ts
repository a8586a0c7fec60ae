// Leaves out what is there already, and says so.

/** The first of each name. */
export function distinct<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  complain: (item: T) => void,
): T[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const name = nameOf(item);
    if (!seen.has(name)) return seen.add(name);
    complain(item);
    return false;
  });
}
