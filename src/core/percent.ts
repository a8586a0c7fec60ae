// A share as text for people.

/** Of 0 to 1. Never 100 % of anything that is not whole. */
export function percent(share: number): string {
  const hundredths = Math.floor(share * 10_000);
  return `${(hundredths / 100).toFixed(hundredths === 10_000 ? 0 : 2)} %`;
}
