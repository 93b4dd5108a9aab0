/**
 * A socket's XMPP: the stream behind it, and the frames of the JSON socket as stanzas.
 *
 * T1. Before the client is bound nothing but the stream's own steps goes out.
 * T2. Pings go out only when the client asked for them.
 * T3. `<close/>` is said once, and only before an orderly close (1000, 1001, 1005).
 */
import type { FrameBytes, Speech } from "../sockets.ts";
import { ping, toStanza } from "./stanzas.ts";
import type { StreamHouse } from "./stream.ts";
import { closing, XmppStream } from "./stream.ts";

const ORDERLY: ReadonlySet<number> = new Set([1000, 1001, 1005]);

/** Makes the speech of one socket. */
export function createStreamSpeech(house: StreamHouse): Speech {
  const stream = new XmppStream(house);
  let isOver = false;
  const heard = ({ isEnd = false, frames }: { readonly isEnd?: boolean; readonly frames: readonly string[] }) => {
    isOver ||= isEnd;
    return { answers: frames.map((frame) => Buffer.from(frame)), isEnd };
  };
  const toListener = <T>(say: (listener: { domain: string; address: string; newId: () => string }) => T) => {
    const { address } = stream;
    return address === undefined ? undefined : say({ domain: house.domain, address, newId: house.newId });
  };
  return {
    translate: (frame: FrameBytes) => toListener((listener) => toStanza(frame, listener)),
    heartbeat: () => (stream.wantsPings ? toListener((listener) => Buffer.from(ping(listener))) : undefined),
    hear: (data, isBinary) => heard(isBinary ? stream.refuseBinary() : stream.receive(data.toString("utf8"))),
    goodbye: (code) => (isOver || !ORDERLY.has(code) ? undefined : Buffer.from(closing())),
  };
}
