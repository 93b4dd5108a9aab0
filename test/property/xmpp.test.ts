/** XML of strangers, and the stream behind it, against what they may and may not do. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { XmppStream } from "../../src/emulator/xmpp/stream.ts";
import type { XmlElement } from "../../src/emulator/xmpp/xml-read.ts";
import { MAX_XML_LENGTH, readXml } from "../../src/emulator/xmpp/xml-read.ts";
import type { Markup } from "../../src/emulator/xmpp/xml-write.ts";
import { element } from "../../src/emulator/xmpp/xml-write.ts";
import { checkProperty } from "../support/check-property.ts";
import { BIND, iq, OPEN, plain, pubsub } from "../support/xmpp-client.ts";

const FILE = "test/property/xmpp.test.ts";

/** An element as a test thinks of it. */
interface Tree {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly contents: readonly (Tree | string)[];
}

const names = fc.constantFrom("iq", "message", "é", "a.b-c_d", "x1", "ünder");
const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("", "]]>", "<![CDATA[", "&amp;", "&#60;", "\r\n\t", "\ud800", "\uFFFF\u0000", "<!--", "'\"<>&"),
);
const { tree: trees } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.record({
    name: names,
    namespace: fc.option(fc.constantFrom("", "urn:a", "urn:<b>&'\""), { nil: undefined }),
    attributes: fc.dictionary(fc.constantFrom("id", "type", "xml:lang", "ä"), texts, { noNullPrototype: true }),
    contents: fc.array(fc.oneof({ depthSize: "small" }, texts, tie("tree")), { maxLength: 4 }),
  }),
}));

function write({ name, namespace, attributes, contents }: Tree): Markup {
  const inside = contents.map((one) => (typeof one === "string" ? one : write(one)));
  return element(name, { xmlns: namespace, ...attributes }, ...inside);
}

/** What XML can't carry, one code point at a time. */
function carried(text: string): string {
  return Array.from(text, (sign) => {
    const point = sign.codePointAt(0) ?? 0;
    const isControl = point < 0x20 && point !== 9 && point !== 10 && point !== 13;
    const isSurrogate = point >= 0xd800 && point <= 0xdfff;
    return isControl || isSurrogate || point === 0xfffe || point === 0xffff ? "\uFFFD" : sign;
  }).join("");
}

function expected(tree: Tree, inherited = ""): XmlElement {
  const namespace = tree.namespace ?? inherited;
  const isText = (one: Tree | string): one is string => typeof one === "string";
  return {
    name: tree.name,
    namespace,
    attributes: new Map(Object.entries(tree.attributes).map(([name, value]) => [name, carried(value)])),
    children: tree.contents.flatMap((one) => (isText(one) ? [] : [expected(one, namespace)])),
    text: tree.contents
      .filter(isText)
      .map((one) => carried(one))
      .join(""),
  };
}

test("what the writer makes of an element reads as that element, whatever is in it", async () => {
  const property = fc.asyncProperty(trees, async (tree) => {
    expect(readXml(write(tree).markup)).toEqual(expected(tree));
  });
  await checkProperty(property, { file: FILE, test: "what the writer makes", numRuns: 500 });
});

test("a part of a text is never taken for the whole, and nothing else either", async () => {
  const property = fc.asyncProperty(trees, fc.nat(), fc.nat(), texts, async (tree, cut, at, junk) => {
    const { markup } = write(tree);
    expect(readXml(markup.slice(0, cut % markup.length))).toBeTypeOf("string");
    const place = at % (markup.length + 1);
    const changed = readXml(markup.slice(0, place) + junk + markup.slice(place));
    expect(["string", "object"]).toContain(typeof changed);
    expect(readXml(`${markup}${markup}`)).toBe("not-well-formed");
  });
  await checkProperty(property, { file: FILE, test: "a part of a text", numRuns: 500 });
});

test("any text is read or refused, those with a document type always refused", async () => {
  const bits = fc.constantFrom(
    "<",
    ">",
    "/",
    "</",
    "/>",
    "<a",
    "</a>",
    "<a>",
    "&",
    "&lt;",
    "&#x",
    ";",
    "=",
    '"',
    " ",
    "a",
  );
  const soup = fc.array(fc.oneof(bits, texts), { maxLength: 40 }).map((parts) => parts.join(""));
  const property = fc.asyncProperty(soup, trees, async (text, tree) => {
    expect(["string", "object"]).toContain(typeof readXml(text));
    expect(readXml(`<!DOCTYPE ${carried(text)}>${write(tree).markup}`)).toBe("restricted-xml");
  });
  await checkProperty(property, { file: FILE, test: "any text is read or refused", numRuns: 1000 });
});

test.each([
  ["<a ", " "],
  ["<a b", "b"],
  ["<a", ":b"],
  ["<a>", "&"],
  ["<a>", "&#1"],
  ["<a>", "]]"],
  ["<a x='", "&lt;"],
  ["<a>", "<a/>"],
  ["", "<a>"],
  ["<a", " b='c'"],
  ["<a>", "<![CDATA["],
])("a text of the largest size costs no more than its size: %s%s…", (begin, part) => {
  const text = begin + part.repeat(Math.floor((MAX_XML_LENGTH - begin.length) / part.length));
  const before = performance.now();
  expect(readXml(text)).toBeTypeOf("string");
  expect(performance.now() - before).toBeLessThan(1000);
});

test("a stream binds whoever logged in and nobody else, and says nothing that is not XML", async () => {
  const palette: readonly string[] = [
    OPEN,
    plain("u@h", "good"),
    plain("u@h", "bad"),
    plain("u@h", "gone"),
    '<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">?</auth>',
    BIND,
    pubsub("subscribe", "t"),
    pubsub("unsubscribe", "t"),
    pubsub("subscribe", "enable.server.side.pings"),
    iq("get", '<ping xmlns="urn:xmpp:ping"/>'),
    '<message xmlns="jabber:client"/>',
    '<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>',
    "junk",
  ];
  const steps = fc.array(fc.nat(palette.length - 1), { maxLength: 15 });
  // Most random walks end at the first step; a good beginning leads further.
  const good = [palette[0], palette[1], palette[0], palette[5]];
  const property = fc.asyncProperty(fc.nat(4), steps, async (goodSteps, walk) => {
    const topics = new Set<string>();
    let isWelcome = false;
    let bound = 0;
    const stream = new XmppStream({
      domain: "h",
      newId: () => "id",
      sendsPings: true,
      login: (address, token) => {
        expect(address).toBe("u@h");
        isWelcome = token === "good";
        return token === "good" ? "welcome" : token === "gone" ? "channel-gone" : "not-authorized";
      },
      bound: () => {
        bound += 1;
        return true;
      },
      subscribe: (topic) => void topics.add(topic),
      unsubscribe: (topic) => void topics.delete(topic),
    });
    for (const text of [...good.slice(0, goodSteps), ...walk.map((at) => palette[at])]) {
      const { frames, isEnd } = stream.receive(text ?? "");
      for (const frame of frames) expect(readXml(frame)).toBeTypeOf("object");
      expect(stream.address !== undefined).toBe(bound === 1);
      expect(bound === 0 || (isWelcome && bound === 1)).toBe(true);
      expect(topics.size === 0 || bound === 1).toBe(true);
      expect(!stream.wantsPings || bound === 1).toBe(true);
      if (isEnd !== true) continue;
      expect(frames.at(-1)).toMatch(/^<close /);
      break;
    }
  });
  await checkProperty(property, { file: FILE, test: "a stream binds whoever logged in", numRuns: 1000 });
});
