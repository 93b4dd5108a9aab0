/**
 * The disk of the store without its thread: a `Disk` in this one, behind the same messages, so that a test sees each of its acts
 * (`probe`) and can make it fail.
 *
 * Messages are copied as a thread would get them, and come in later turns, one a turn.
 */
import { Disk } from "../../src/stores/sqlite/disk.ts";
import type { DiskThread } from "../../src/stores/sqlite/disk-thread.ts";
import type { DiskSettings, FromDisk, ToDisk } from "../../src/stores/sqlite/messages.ts";

/** What a test knows of a disk that it runs. */
export interface DiskWatch {
  /** Called before each act; an error thrown here is the act's. */
  readonly probe: (act: string) => void;
  /** The process has ended: nothing is heard of it any more. */
  readonly gone: () => boolean;
}

/** A disk thread that runs in this one. After its end it says nothing more; what the disk had written stays written. */
export function inlineDisk(settings: DiskSettings, { probe, gone }: DiskWatch): DiskThread {
  let tell: (message: FromDisk) => void = () => undefined;
  let terminated = false;
  const isOver = (): boolean => terminated || gone();
  const disk = new Disk(
    settings,
    (message) => {
      const copy = structuredClone(message);
      setImmediate(() => {
        if (!isOver()) tell(copy);
      });
    },
    probe,
  );
  return {
    post(message: ToDisk, transfer) {
      const copy = structuredClone(message, { transfer });
      setImmediate(() => {
        if (!isOver()) disk.handle(copy);
      });
    },
    listen(onMessage) {
      tell = onMessage;
    },
    async terminate() {
      terminated = true;
    },
  };
}
