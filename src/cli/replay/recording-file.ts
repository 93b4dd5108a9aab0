/** A recording by its path, or from stdin; its header is read first, because it names the sources. */
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import type { RecordingHeader } from "../../core/recording.ts";
import { RecordingReader } from "../../core/recording-read.ts";
import { RingfirstError } from "../../errors.ts";
import type { CliContext } from "../context.ts";
import { printable } from "../text.ts";

/** A recording whose header was read. */
export interface RecordingFile {
  readonly header: RecordingHeader;
  /** All its bytes, the header's too; of stdin only once. */
  bytes(): AsyncIterable<Uint8Array>;
}

const READ_BYTES = 2 ** 18;

/** @throws RingfirstError `RF_RECORDING_UNUSABLE` */
export async function openRecording(path: string, { cwd, stdin }: CliContext): Promise<RecordingFile> {
  const shown = path === "-" ? "stdin" : printable(path);
  try {
    if (path === "-") {
      const pieces = (stdin as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
      const { header, taken } = await readHeader(pieces);
      return { header, bytes: () => taken.concat(pieces) };
    }
    const open = (): AsyncIterable<Uint8Array> => createReadStream(resolve(cwd, path), { highWaterMark: READ_BYTES });
    const pieces = open()[Symbol.asyncIterator]();
    const { header } = await readHeader(pieces);
    await pieces.return?.();
    return { header, bytes: open };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const why = error instanceof RingfirstError ? error.message : `it can't be read (${code})`;
    throw new RingfirstError("RF_RECORDING_UNUSABLE", `${shown}: ${why}`, { cause: error });
  }
}

/** Pieces that were read, to be read again before the rest. */
class Taken {
  readonly #pieces: Uint8Array[] = [];

  add(piece: Uint8Array): void {
    this.#pieces.push(piece);
  }

  async *concat(rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield* this.#pieces;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  }
}

async function readHeader(
  pieces: AsyncIterator<Uint8Array>,
): Promise<{ readonly header: RecordingHeader; readonly taken: Taken }> {
  const reader = new RecordingReader();
  const taken = new Taken();
  for (;;) {
    const next = await pieces.next();
    if (next.done !== true) taken.add(next.value);
    for (const item of next.done === true ? reader.end() : reader.push(next.value)) {
      if (item.kind === "header") return { header: item.header, taken };
    }
  }
}
