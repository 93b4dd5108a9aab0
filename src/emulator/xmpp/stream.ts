/**
 * One XMPP stream over a WebSocket, from its opening to its end (RFC 7395, RFC 6120; docs/emulator.md, "The streaming client").
 *
 * ```
 * opening ─<open>─► login ─<auth>─► reopening ─<open>─► binding ─<iq><bind>─► bound
 * ```
 *
 * M1. Nothing but the next step is taken; anything else ends the stream with a stream error.
 * M2. Hostile texts end the stream too, and touch nothing else.
 * M3. A client has `MAX_LOGINS` tries to log in.
 */
import { NS } from "./namespaces.ts";
import type { StanzaRefusal } from "./requests.ts";
import { answerRequest } from "./requests.ts";
import type { XmlElement } from "./xml-read.ts";
import { childOf, readXml } from "./xml-read.ts";
import { element } from "./xml-write.ts";

/** What came of a login: it is somebody, it is nobody, or there is no channel for it any more. */
export type LoginOutcome = "welcome" | "not-authorized" | "channel-gone";

/** What a stream asks of the house. */
export interface StreamHouse {
  /** The domain of its users' addresses. */
  readonly domain: string;
  readonly newId: () => string;
  /** Judges a login with the token by the user of this address (without a resource). */
  readonly login: (address: string, token: string) => LoginOutcome;
  /** The client is ready for events under this address; false when its channel has ended meanwhile. */
  readonly bound: (address: string) => boolean;
  /** Puts a topic on the channel, or says why not. */
  readonly subscribe: (topic: string) => StanzaRefusal | undefined;
  readonly unsubscribe: (topic: string) => void;
  /** Whether the house sends pings when it is asked to. */
  readonly sendsPings: boolean;
}

/** What a text of the client leads to. */
export interface Turn {
  readonly frames: readonly string[];
  /** The stream is over, and the socket with it. */
  readonly isEnd?: boolean;
}

type Stage = "opening" | "login" | "reopening" | "binding" | "bound";

/** Tries to log in on one stream. */
const MAX_LOGINS = 3;
const MAX_RESOURCE = 200;
const QUIET: Turn = { frames: [] };

/** The state of one stream. */
export class XmppStream {
  readonly #house: StreamHouse;
  #stage: Stage = "opening";
  #logins = 0;
  #user = "";
  #address: string | undefined;
  #wantsPings = false;

  constructor(house: StreamHouse) {
    this.#house = house;
  }

  /** The full address of the client, once it is bound. */
  get address(): string | undefined {
    return this.#address;
  }

  /** Whether the client asked for pings. */
  get wantsPings(): boolean {
    return this.#wantsPings;
  }

  /** Takes a text of the client. */
  receive(text: string): Turn {
    const read = readXml(text);
    if (typeof read === "string") return this.#fail(read);
    if (read.name === "close" && read.namespace === NS.framing) return { frames: [closing()], isEnd: true };
    if (read.name === "error" && read.namespace === NS.stream) return { frames: [closing()], isEnd: true };
    switch (this.#stage) {
      case "opening":
        return this.#open(read, "login");
      case "login":
        return this.#login(read);
      case "reopening":
        return this.#open(read, "binding");
      case "binding":
        return this.#bind(read);
      case "bound":
        return this.#serve(read);
      default:
        return this.#stage satisfies never;
    }
  }

  /** XMPP is text. */
  refuseBinary(): Turn {
    return this.#fail("not-well-formed");
  }

  #open(read: XmlElement, next: "login" | "binding"): Turn {
    if (read.name !== "open" || read.namespace !== NS.framing) return this.#fail("invalid-namespace");
    this.#stage = next;
    const { domain, newId } = this.#house;
    const open = element("open", { xmlns: NS.framing, from: domain, id: newId(), version: "1.0", "xml:lang": "en" });
    const offers =
      next === "login"
        ? [element("mechanisms", { xmlns: NS.sasl }, element("mechanism", {}, "PLAIN"))]
        : [element("bind", { xmlns: NS.bind }), element("session", { xmlns: NS.session }, element("optional", {}))];
    const features = element("stream:features", { "xmlns:stream": NS.stream, xmlns: NS.client }, ...offers);
    return { frames: [open.markup, features.markup] };
  }

  #login(read: XmlElement): Turn {
    if (read.name !== "auth" || read.namespace !== NS.sasl) return this.#fail("not-authorized");
    const given = readPlain(read);
    if (typeof given === "string") return this.#refuseLogin(given);
    const [user, domain] = split(given.user, "@");
    const address = `${user}@${domain || this.#house.domain}`;
    const outcome = this.#house.login(address, given.token);
    if (outcome === "channel-gone") return this.#fail("not-authorized", "The channel is not valid.");
    if (outcome === "not-authorized") return this.#refuseLogin("not-authorized");
    this.#user = address;
    this.#stage = "reopening";
    return { frames: [element("success", { xmlns: NS.sasl }).markup] };
  }

  #refuseLogin(condition: string): Turn {
    this.#logins += 1;
    const failure = element("failure", { xmlns: NS.sasl }, element(condition, {})).markup;
    if (this.#logins < MAX_LOGINS) return { frames: [failure] };
    const { frames } = this.#fail("policy-violation", "Too many logins.");
    return { frames: [failure, ...frames], isEnd: true };
  }

  #bind(read: XmlElement): Turn {
    const bind = childOf(read, "bind", NS.bind);
    if (read.name !== "iq" || read.attributes.get("type") !== "set" || bind === undefined)
      return this.#fail("not-authorized");
    const wanted = childOf(bind, "resource")?.text ?? "";
    if (wanted.length > MAX_RESOURCE) return this.#fail("policy-violation");
    const address = `${this.#user}/${wanted === "" ? this.#house.newId() : wanted}`;
    if (!this.#house.bound(address)) return this.#fail("not-authorized", "The channel is not valid.");
    this.#address = address;
    this.#stage = "bound";
    const attributes = { xmlns: NS.client, type: "result", id: read.attributes.get("id") };
    return {
      frames: [element("iq", attributes, element("bind", { xmlns: NS.bind }, element("jid", {}, address))).markup],
    };
  }

  /** Requests are answered; messages, presences and answers are let pass. */
  #serve(read: XmlElement): Turn {
    if (read.namespace !== NS.client) return this.#fail("unsupported-stanza-type");
    if (read.name === "message" || read.name === "presence") return QUIET;
    if (read.name !== "iq") return this.#fail("unsupported-stanza-type");
    const type = read.attributes.get("type");
    if (type !== "get" && type !== "set") return QUIET;
    const answer = answerRequest(read, {
      ...this.#house,
      setPings: (wanted) => {
        this.#wantsPings = wanted;
      },
    });
    return { frames: [answer] };
  }

  #fail(condition: string, text?: string): Turn {
    return { frames: [streamError(condition, text), closing()], isEnd: true };
  }
}

/** The frame that ends a stream in good order. */
export function closing(): string {
  return element("close", { xmlns: NS.framing }).markup;
}

/** The frame that says why a stream ends. */
export function streamError(condition: string, text?: string): string {
  const parts = [
    element(condition, { xmlns: NS.streamError }),
    ...(text === undefined ? [] : [element("text", { xmlns: NS.streamError, "xml:lang": "en" }, text)]),
  ];
  return element("stream:error", { "xmlns:stream": NS.stream, xmlns: NS.client }, ...parts).markup;
}

/** Before and after the first of these signs. */
function split(text: string, sign: string): readonly [string, string] {
  const at = text.indexOf(sign);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

const TOKEN_PREFIX = "authKey:";

/** Who logs in by SASL PLAIN (`[for whom] NUL user NUL authKey:token`), or the condition of the refusal. */
function readPlain(auth: XmlElement): { readonly user: string; readonly token: string } | string {
  if (auth.attributes.get("mechanism") !== "PLAIN") return "invalid-mechanism";
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(auth.text)) return "incorrect-encoding";
  const parts = Buffer.from(auth.text, "base64").toString("utf8").split("\0");
  const [, user, password] = parts;
  if (parts.length !== 3 || user === undefined || user === "" || password === undefined) return "malformed-request";
  return password.startsWith(TOKEN_PREFIX) ? { user, token: password.slice(TOKEN_PREFIX.length) } : "not-authorized";
}
