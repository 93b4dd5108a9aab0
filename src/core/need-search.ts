/** Asks once, for several expressions together, which of them the bytes of a body rule out (byte-test.ts, T1). */
import type { BodyView } from "./body-view.ts";
import type { Need } from "./byte-test.ts";
import { textsOf } from "./byte-test.ts";
import { createTextSearch, type TextSearch } from "./text-search.ts";

/** A search for the needs of several expressions. */
export interface NeedSearch {
  /** Looks into one body; then `rulesOut` speaks of it. */
  look(body: BodyView): void;
  /** Whether the expression at this place can't be true for the body. */
  rulesOut(place: number): boolean;
}

/** A search for these needs by place; undefined where nothing is known of any of them. */
export function createNeedSearch(needs: readonly (Need | undefined)[]): NeedSearch | undefined {
  const texts = [...new Set(needs.flatMap((need) => (need === undefined ? [] : textsOf(need))))];
  return texts.length === 0 ? undefined : new JointSearch(needs, texts);
}

/** A need whose texts are places in the joint list. */
type PlacedNeed =
  | { readonly kind: "text"; readonly place: number }
  | { readonly kind: "all" | "any"; readonly of: readonly PlacedNeed[] };

class JointSearch implements NeedSearch {
  readonly #search: TextSearch;
  readonly #needs: readonly (PlacedNeed | undefined)[];
  #found: Uint8Array = new Uint8Array(0);
  #isConclusive = false;

  constructor(needs: readonly (Need | undefined)[], texts: readonly string[]) {
    const places = new Map(texts.map((text, place) => [text, place]));
    this.#search = createTextSearch(texts);
    this.#needs = needs.map((need) => (need === undefined ? undefined : placed(need, places)));
  }

  look(body: BodyView): void {
    this.#isConclusive = false;
    if (body.encoding !== "json" || !body.isReadable) return;
    this.#found = this.#search.find(body.bytes);
    // The search for a backslash comes last and in the text: found by the engine in a few nanoseconds, and kept for the parser.
    this.#isConclusive =
      this.#needs.some((need) => need !== undefined && !this.#isMet(need)) && !body.text.includes("\\");
  }

  rulesOut(place: number): boolean {
    if (!this.#isConclusive) return false;
    const need = this.#needs[place];
    return need !== undefined && !this.#isMet(need);
  }

  #isMet(need: PlacedNeed): boolean {
    switch (need.kind) {
      case "text":
        return this.#found[need.place] === 1;
      case "all":
        return need.of.every((part) => this.#isMet(part));
      case "any":
        return need.of.some((part) => this.#isMet(part));
    }
  }
}

function placed(need: Need, places: ReadonlyMap<string, number>): PlacedNeed {
  if (need.kind === "text") return { kind: "text", place: places.get(need.text) ?? -1 };
  return { kind: need.kind, of: need.of.map((part) => placed(part, places)) };
}
