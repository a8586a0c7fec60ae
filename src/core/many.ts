// A count and what is counted, as text for people.

/** `1 server`, `2 servers`. */
export function many(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
