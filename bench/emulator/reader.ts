/**
 * The reader of the bench, alone in its process: one socket, and of each event no more than that it came, how long it was, and when.
 *
 * Lateness: the events of a round are thought to be spread evenly over it; how far an event lies behind its place, counted from the
 * one that lies farthest before it. A centre that speaks in bursts is late by their length, whatever its rate.
 */
import { WebSocket } from "ws";

/** What one round brought. */
export interface Heard {
  readonly events: number;
  readonly bytes: number;
  readonly wallMs: number;
  readonly lateMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The longest time in which nothing came. */
  readonly silentMs: number;
}

const socket = new WebSocket(process.argv[2] ?? "", { perMessageDeflate: false, skipUTF8Validation: true });
let instants: number[] | undefined;
let bytes = 0;

socket.on("message", (data: Buffer) => {
  if (instants === undefined) return;
  instants.push(performance.now());
  bytes += data.length;
});
socket.on("open", () => process.send?.("open"));
socket.on("close", (code) => {
  throw new Error(`the socket was closed (${code})`);
});
process.on("disconnect", () => process.exit());
process.on("message", (roundMs: number | "end") => {
  if (roundMs === "end") process.exit();
  instants = [];
  bytes = 0;
  const from = performance.now();
  setTimeout(() => {
    const round = sumUp(instants ?? [], from, performance.now());
    instants = undefined;
    process.send?.(round);
  }, roundMs);
});

function sumUp(came: readonly number[], from: number, to: number): Heard {
  const everyMs = (to - from) / came.length;
  // Typed and sorted once: while this runs, the socket isn't read.
  const places = Float64Array.from(came, (at, n) => at - n * everyMs).sort();
  const late = (part: number): number =>
    (places[Math.min(places.length - 1, Math.floor(places.length * part))] ?? Number.NaN) - (places[0] ?? 0);
  let silentMs = 0;
  for (const [n, at] of came.entries()) silentMs = Math.max(silentMs, at - (came[n - 1] ?? from));
  return {
    events: came.length,
    bytes,
    wallMs: to - from,
    lateMs: { p50: late(0.5), p99: late(0.99), max: late(1) },
    silentMs,
  };
}
