/**
 * A first-in first-out log of records of 32-bit words, in pages: it takes memory as it grows, never copies a record, and
 * keeps one free page for the next turn. A record does not cross the end of a page; one that is longer than a page has a
 * page of its own length, and takes the numbers of as many pages as it is long.
 *
 * ```
 *   page     7                     8                      9
 *          [ ····|rec|rec|rec|·· ][rec|rec|rec|rec|rec|·][rec|rec|····        ]
 *                 ^ oldest                                        ^ the next one begins here
 *   address = page number, then the place in the page: 32 bits together, and after the last comes 0 again
 * ```
 */

const PAGE_BITS = 14;
const PAGE_WORDS = 1 << PAGE_BITS;
const PLACE_MASK = PAGE_WORDS - 1;
const NUMBER_MASK = 2 ** (32 - PAGE_BITS) - 1;

/** The end of a page that is being filled. */
const OPEN = -1;

/** Where in its page a record is. */
export function placeOf(address: number): number {
  return address & PLACE_MASK;
}

/** Records by address (see the top of this file). Together at most 2^32 words. */
export class RecordLog {
  /** Two rings by the low bits of the page number: the pages, and where the records of each end. */
  #pages: (Int32Array | undefined)[] = [undefined, undefined];
  #ends: number[] = [OPEN, OPEN];
  #spare: Int32Array | undefined;
  /** The numbers of the oldest page, and of the one that is being filled. */
  #first: number;
  #last: number;
  /** The address behind the youngest record, and how many words are free there. */
  #end: number;
  #room = 0;

  /** @param firstAddress - where the first page begins; tests begin shortly before the last page */
  constructor(firstAddress = 0) {
    this.#end = firstAddress >>> 0;
    this.#first = this.#end >>> PAGE_BITS;
    this.#last = this.#first;
  }

  /** The page in which the record of an address is, at {@link placeOf}. */
  page(address: number): Int32Array {
    return this.#pages[(address >>> PAGE_BITS) & (this.#pages.length - 1)]!;
  }

  /** Makes room for a record of so many words, the youngest now, and answers its address. */
  add(count: number): number {
    if (count > this.#room) this.#turnPage(count);
    const address = this.#end;
    this.#end = (address + count) >>> 0;
    this.#room -= count;
    return address;
  }

  /** The address of the record after one of `count` words; there must be one. */
  next(address: number, count: number): number {
    const end = this.#ends[(address >>> PAGE_BITS) & (this.#pages.length - 1)]!;
    return placeOf(address) + count === end ? pageFrom(address + count) : (address + count) >>> 0;
  }

  /** Drops all records that are older than the one of an address. */
  dropBefore(address: number): void {
    const number = address >>> PAGE_BITS;
    while (this.#first !== number) {
      const index = this.#first & (this.#pages.length - 1);
      const page = this.#pages[index];
      if (page?.length === PAGE_WORDS) this.#spare = page;
      this.#pages[index] = undefined;
      this.#first = (this.#first + 1) & NUMBER_MASK;
    }
  }

  #turnPage(count: number): void {
    const address = pageFrom(this.#end);
    const number = address >>> PAGE_BITS;
    const span = ((number - this.#first) & NUMBER_MASK) + Math.ceil(count / PAGE_WORDS);
    if (span > NUMBER_MASK) throw new RangeError("a log of records is full: 16 GiB");
    while (span > this.#pages.length) this.#spread();
    const mask = this.#pages.length - 1;
    this.#ends[this.#last & mask] = (this.#end - this.#last * PAGE_WORDS) >>> 0;
    this.#pages[number & mask] = this.#blank(count);
    this.#ends[number & mask] = OPEN;
    this.#last = number;
    this.#end = address;
    this.#room = Math.max(PAGE_WORDS, count);
  }

  /** Twice as many numbers in the rings. */
  #spread(): void {
    const { length } = this.#pages;
    const pages = Array.from<Int32Array | undefined>({ length: 2 * length });
    const ends = Array.from({ length: 2 * length }, () => OPEN);
    for (let index = 0; index < length; index += 1) {
      const number = this.#first + index;
      pages[number & (2 * length - 1)] = this.#pages[number & (length - 1)];
      ends[number & (2 * length - 1)] = this.#ends[number & (length - 1)]!;
    }
    this.#pages = pages;
    this.#ends = ends;
  }

  #blank(count: number): Int32Array {
    if (count > PAGE_WORDS) return new Int32Array(count);
    const page = this.#spare ?? new Int32Array(PAGE_WORDS);
    this.#spare = undefined;
    return page;
  }
}

/** The address where the page begins that is the first not to begin before this one. */
function pageFrom(address: number): number {
  return (Math.ceil(address / PAGE_WORDS) * PAGE_WORDS) >>> 0;
}
