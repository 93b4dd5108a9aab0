/** Frames that are not as they should be. */

/** The kinds of such frames; the first is the default. */
export const JUNK_KINDS = [
  "truncated",
  "text",
  "binary",
  "unknown-fields",
  "empty",
  "null",
  "number",
  "array",
  "two-documents",
  "bom",
  "bad-utf8",
  "deep",
  "big",
  "proto",
  "html",
] as const;

type JunkKind = (typeof JUNK_KINDS)[number];

const HEAD = '{"topicName":"v2.users.00000000-0000-4000-8000-000000000000.presence","version":"2","eventBody":';
const DEPTH = 100_000;

const TEXTS: Readonly<Record<Exclude<JunkKind, "binary" | "bad-utf8" | "big">, () => string>> = {
  truncated: () => `${HEAD}{"source":"PURE`,
  text: () => "this is not JSON",
  "unknown-fields": () =>
    '{"future":{"shape":[1,2,3]},"topicName":"v2.future.thing","version":"3","eventBody":{"additionalProperties":{}}}',
  empty: () => "",
  null: () => "null",
  number: () => "42",
  array: () => `[${HEAD}{}},${HEAD}{}}]`,
  "two-documents": () => `${HEAD}{}}${HEAD}{}}`,
  bom: () => `\uFEFF${HEAD}{}}`,
  deep: () => `${HEAD}${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}}`,
  proto: () => `${HEAD}{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}}`,
  html: () => "<html><body>upstream error</body></html>",
};

/** The bytes of such a frame, and whether it goes out as a binary one. */
export function junkFrame(kind: string, bigBytes: number): { readonly bytes: Buffer; readonly isBinary: boolean } {
  if (kind === "binary") return { bytes: Buffer.from([0x00, 0xff, 0xfe, 0x7b, 0x22, 0x80]), isBinary: true };
  const text = kind === "big" || kind === "bad-utf8" ? "" : TEXTS[kind as keyof typeof TEXTS]();
  if (kind === "bad-utf8") {
    const bytes = Buffer.concat([Buffer.from(`${HEAD}{"message":"`), Buffer.from([0xc3, 0x28]), Buffer.from('"}}')]);
    return { bytes, isBinary: false };
  }
  if (kind !== "big") return { bytes: Buffer.from(text), isBinary: false };
  const rest = Math.max(0, bigBytes - HEAD.length - 16);
  return { bytes: Buffer.from(`${HEAD}{"message":"${"x".repeat(rest)}"}}`), isBinary: false };
}
