/** Writes XML: what goes into an element is escaped unless it is an element already. */

/** Markup that may stand in an element as it is. */
export type Markup = { readonly markup: string };

const ILLEGAL = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
const IN_TEXT: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;" };
const IN_ATTRIBUTE: Readonly<Record<string, string>> = {
  ...IN_TEXT,
  '"': "&quot;",
  "'": "&apos;",
  "\t": "&#9;",
  "\n": "&#10;",
};

/** An element. Attributes that are `undefined` are left out; strings among the contents are text. What XML can't carry becomes U+FFFD. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | undefined>>,
  ...contents: readonly (Markup | string)[]
): Markup {
  const written = Object.entries(attributes)
    .map(([key, value]) => (value === undefined ? "" : ` ${key}="${escape(value, /[&<>"'\t\n\r]/g, IN_ATTRIBUTE)}"`))
    .join("");
  const inside = contents
    .map((one) => (typeof one === "string" ? escape(one, /[&<>\r]/g, IN_TEXT) : one.markup))
    .join("");
  return { markup: inside === "" ? `<${name}${written}/>` : `<${name}${written}>${inside}</${name}>` };
}

function escape(text: string, pattern: RegExp, escapes: Readonly<Record<string, string>>): string {
  return text.replaceAll(ILLEGAL, "\uFFFD").replaceAll(pattern, (unit) => escapes[unit] ?? unit);
}
