/**
 * Values as the closures of quick-cel.ts see them, and what CEL does with two of them: parsed JSON, numbers for integers,
 * dates for timestamps. The same answers as the package's, or {@link UNSURE}.
 */

/** Stands for a value where the package throws. */
export const FAILED: unique symbol = Symbol("failed");
/** Thrown where only the package can tell. As it is: no stack is made. */
export const UNSURE: unique symbol = Symbol("unsure");

/** Gives a member, or undefined where there is none; JSON has no value that is undefined. */
export type Reader = (value: unknown) => unknown;

/** Reads members of this name. */
export function readerOf(name: string): Reader {
  const isInherited = [Map, Array, Date].some((type) => name in type.prototype);
  const isOrdinary = !isInherited && !/^\d/u.test(name);
  return isOrdinary ? (value) => readOrdinary(value, name) : (value) => readOwn(value, name);
}

/** For names that nothing inherits: one look-up, and no question whether it is a list. */
function readOrdinary(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const member = (value as Readonly<Record<string, unknown>>)[name];
  if (member !== undefined || Object.getPrototypeOf(value) === Object.prototype) return member;
  return readOwn(value, name);
}

/** Reads a member of any name. */
export function readOwn(value: unknown, name: string): unknown {
  if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
  return value[name];
}

/** An object of JSON, no list. */
function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  if (value instanceof Map || value instanceof Date) throw UNSURE;
  return true;
}

/** Values of different types are not equal; two composed ones are left to the package. */
export function isEqual(left: unknown, right: unknown): boolean {
  if (typeof left === "object" && typeof right === "object" && left !== null && right !== null) throw UNSURE;
  return left === right;
}

/** `<` and its like: two numbers, two strings, two booleans, two timestamps. */
export function ordered(left: unknown, right: unknown, apply: (left: number, right: number) => boolean): unknown {
  if (typeof left !== typeof right) return FAILED;
  const isOrdered = typeof left !== "object" || (left instanceof Date && right instanceof Date);
  // JavaScript orders two strings, two booleans and two dates with the same signs as two numbers.
  return isOrdered ? apply(left as number, right as number) : FAILED;
}

/** `in`: among the items of a list or the names of an object. */
export function isIn(value: unknown, where: unknown): unknown {
  if (typeof value === "object" && value !== null) throw UNSURE;
  if (Array.isArray(where)) return where.includes(value);
  if (!isObject(where)) return FAILED;
  if (typeof value !== "string") throw UNSURE;
  return Object.hasOwn(where, value);
}

/** What a loop goes through: the items of a list, the names of an object. */
export function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.keys(value) : undefined;
}

/** `size()`: characters, items or members. */
export function sizeOf(value: unknown): unknown {
  if (typeof value === "string") return Array.from(value).length;
  return itemsOf(value)?.length ?? FAILED;
}

const FIRST_INSTANT = -62_135_596_800_000;
const LAST_INSTANT = 253_402_300_799_999;

/** `timestamp()` of a string. */
export function timestampOf(value: unknown): unknown {
  if (typeof value !== "string" || value.length < 20 || value.length > 30) return FAILED;
  const date = new Date(value);
  const instant = date.getTime();
  return instant >= FIRST_INSTANT && instant <= LAST_INSTANT ? date : FAILED;
}
