/**
 * Reads one XML element from a text that a stranger sent.
 *
 * X1. It gives an element or a word of refusal; it never throws, and takes time in proportion to the text.
 * X2. Size, depth and number of elements are bounded: beyond, `policy-violation`.
 * X3. What XMPP forbids (document types, entities of one's own, comments, processing instructions) is `restricted-xml`; nothing is expanded but
 *     the five entities and numbered characters.
 * X4. What the writer (xml-write.ts) makes of an element reads as that element.
 */

/** An element with its namespaces resolved. */
export interface XmlElement {
  /** Without its prefix. */
  readonly name: string;
  readonly namespace: string;
  /** By name as written (`xml:lang`), declarations of namespaces left out. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own text, without that of its children. */
  readonly text: string;
}

/** Why a text is refused: conditions of stream errors. */
export type XmlRefusal = "not-well-formed" | "restricted-xml" | "policy-violation";

/** Characters that a text may have. */
export const MAX_XML_LENGTH = 65_536;
/** Elements within each other. */
export const MAX_XML_DEPTH = 32;
/** Elements in all. */
export const MAX_XML_ELEMENTS = 1000;

const XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace";
const ILLEGAL = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
const OPENING = /<([\p{L}_][\p{L}\p{N}_.-]*)(?::([\p{L}_][\p{L}\p{N}_.-]*))?/uy;
const ATTRIBUTE =
  /[ \t\n]+([\p{L}_][\p{L}\p{N}_.-]*(?::[\p{L}_][\p{L}\p{N}_.-]*)?)[ \t\n]*=[ \t\n]*(?:"([^"<]*)"|'([^'<]*)')/uy;
const TAG_END = /[ \t\n]*(\/?)>/uy;
const CLOSING = /<\/([^<>\s]+)[ \t\n]*>/uy;
const REFERENCE = /&(?:#(\d{1,7})|#x([\dA-Fa-f]{1,6})|([\p{L}_][\p{L}\p{N}_.-]*));|&/gu;
const ENTITIES = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

interface Scope {
  readonly parent: Scope | undefined;
  readonly declared: ReadonlyMap<string, string>;
}

interface Open {
  readonly tag: string;
  readonly scope: Scope;
  readonly element: XmlElement & { readonly children: XmlElement[] };
  readonly texts: string[];
}

/** The one element of a text; white space around it is let pass. */
export function readXml(text: string): XmlElement | XmlRefusal {
  if (text.length > MAX_XML_LENGTH) return "policy-violation";
  if (ILLEGAL.test(text)) return "not-well-formed";
  return new XmlReader(text.replaceAll(/\r\n?/g, "\n").trim()).read();
}

/** The child of this name, when there is one. */
export function childOf(element: XmlElement, name: string, namespace?: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name && (namespace ?? child.namespace) === child.namespace);
}

class XmlReader {
  readonly #text: string;
  #at = 0;
  #elements = 0;
  readonly #open: Open[] = [];
  #root: XmlElement | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  read(): XmlElement | XmlRefusal {
    while (this.#root === undefined) {
      const refusal = this.#step();
      if (refusal !== undefined) return refusal;
    }
    return this.#at === this.#text.length ? this.#root : "not-well-formed";
  }

  #step(): XmlRefusal | undefined {
    const top = this.#open.at(-1);
    if (!this.#text.startsWith("<", this.#at)) return top === undefined ? "not-well-formed" : this.#readText(top);
    if (this.#text.startsWith("</", this.#at)) return this.#readClosing(top);
    if (this.#text.startsWith("<![CDATA[", this.#at) && top !== undefined) return this.#readCdata(top);
    const next = this.#text[this.#at + 1];
    return next === "!" || next === "?" ? "restricted-xml" : this.#readOpening(top);
  }

  #readText(top: Open): XmlRefusal | undefined {
    const end = this.#text.indexOf("<", this.#at);
    const raw = end < 0 ? "" : this.#text.slice(this.#at, end);
    if (end < 0 || raw.includes("]]>")) return "not-well-formed";
    const { value, refusal } = resolveReferences(raw);
    top.texts.push(value);
    this.#at = end;
    return refusal;
  }

  #readCdata(top: Open): XmlRefusal | undefined {
    const from = this.#at + "<![CDATA[".length;
    const end = this.#text.indexOf("]]>", from);
    if (end < 0) return "not-well-formed";
    top.texts.push(this.#text.slice(from, end));
    this.#at = end + "]]>".length;
    return undefined;
  }

  #readClosing(top: Open | undefined): XmlRefusal | undefined {
    if (top === undefined || this.#match(CLOSING)?.[1] !== top.tag) return "not-well-formed";
    this.#finish();
    return undefined;
  }

  #readOpening(top: Open | undefined): XmlRefusal | undefined {
    const opening = this.#match(OPENING);
    if (opening === undefined) return "not-well-formed";
    this.#elements += 1;
    if (this.#elements > MAX_XML_ELEMENTS || this.#open.length >= MAX_XML_DEPTH) return "policy-violation";
    const read = this.#readAttributes();
    const end = this.#match(TAG_END);
    if (typeof read === "string") return read;
    if (end === undefined) return "not-well-formed";
    const scope: Scope = { parent: top?.scope, declared: read.declared };
    const [prefix, name] = opening[2] === undefined ? ["", opening[1]] : [opening[1], opening[2]];
    const namespace = resolvePrefix(scope, prefix ?? "");
    if (namespace === undefined || name === undefined) return "not-well-formed";
    for (const attribute of read.attributes.keys()) {
      const colon = attribute.indexOf(":");
      if (colon > 0 && resolvePrefix(scope, attribute.slice(0, colon)) === undefined) return "not-well-formed";
    }
    const element = { name, namespace, attributes: read.attributes, children: [], text: "" };
    this.#open.push({ tag: opening[0].slice(1), scope, element, texts: [] });
    if (end[1] === "/") this.#finish();
    return undefined;
  }

  #readAttributes(): { attributes: Map<string, string>; declared: Map<string, string> } | XmlRefusal {
    const attributes = new Map<string, string>();
    const declared = new Map<string, string>();
    for (let match = this.#match(ATTRIBUTE); match !== undefined; match = this.#match(ATTRIBUTE)) {
      const name = match[1] ?? "";
      const { value, refusal } = resolveReferences((match[2] ?? match[3] ?? "").replaceAll(/[\t\n]/g, " "));
      if (refusal !== undefined) return refusal;
      const prefix = name === "xmlns" ? "" : name.startsWith("xmlns:") ? name.slice("xmlns:".length) : undefined;
      const [into, key] = prefix === undefined ? [attributes, name] : [declared, prefix];
      if (into.has(key)) return "not-well-formed";
      into.set(key, value);
    }
    return { attributes, declared };
  }

  #finish(): void {
    const done = this.#open.pop();
    if (done === undefined) return;
    const element: XmlElement = { ...done.element, text: done.texts.join("") };
    const above = this.#open.at(-1);
    if (above === undefined) this.#root = element;
    else above.element.children.push(element);
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }
}

/** The namespace of a prefix, none for no prefix; `undefined` when the prefix is not declared. */
function resolvePrefix(scope: Scope, prefix: string): string | undefined {
  if (prefix === "xml") return XML_NAMESPACE;
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const namespace = at.declared.get(prefix);
    if (namespace !== undefined) return prefix !== "" && namespace === "" ? undefined : namespace;
  }
  return prefix === "" ? "" : undefined;
}

function resolveReferences(raw: string): { readonly value: string; readonly refusal?: XmlRefusal } {
  if (!raw.includes("&")) return { value: raw };
  let refusal: XmlRefusal | undefined;
  const value = raw.replaceAll(REFERENCE, (_all, decimal?: string, hex?: string, name?: string) => {
    const point = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
    const numbered = point <= 0x10_ff_ff ? String.fromCodePoint(point) : "";
    const resolved = name === undefined ? numbered : ENTITIES.get(name);
    if (resolved === undefined) refusal ??= "restricted-xml";
    else if (resolved === "" || ILLEGAL.test(resolved)) refusal ??= "not-well-formed";
    return resolved ?? "";
  });
  return refusal === undefined ? { value } : { value, refusal };
}
