/** Ports of the demo: the usual one, or where that is taken, any free one. */
import { createServer } from "node:net";

/** The port that was asked for, else the usual one where it is free, else 0 (any). */
export async function choosePort(asked: number | undefined, usual: number): Promise<number> {
  if (asked !== undefined) return asked;
  return (await isFree(usual)) ? usual : 0;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1" }, () => probe.close(() => resolve(true)));
  });
}
