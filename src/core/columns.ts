/** How tables of typed arrays grow: doubled, so that growth is O(1) on average, and copied as they are. */

/** The capacity of a column that must hold index `index`. */
export function grownTo(capacity: number, index: number): number {
  return Math.max(16, capacity * 2, index + 1);
}

/** Moves a column's values into a longer one. */
export function grown<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
