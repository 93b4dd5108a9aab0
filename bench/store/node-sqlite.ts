/** A plain table in node:sqlite, in the same thread: write-ahead log, flushed at each commit; a transaction a window. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Contender } from "../measure/contender.ts";
import { contenderOf, type Settings, type WindowEvent } from "./window.ts";

export function open({ folder, isPipelined }: Settings): Contender {
  const database = new DatabaseSync(join(folder, "table.db"));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE");
  database.exec("CREATE TABLE events (seq INTEGER PRIMARY KEY, payload BLOB NOT NULL)");
  const insert = database.prepare("INSERT INTO events (seq, payload) VALUES (?, ?)");
  const remove = database.prepare("DELETE FROM events WHERE seq = ?");
  const transaction = (work: () => void): void => {
    database.exec("BEGIN");
    work();
    database.exec("COMMIT");
  };
  return contenderOf(
    {
      prepare: (events) => events,
      put: (window: readonly WindowEvent[]) =>
        transaction(() => {
          for (const { seq, payload } of window) insert.run(seq, payload);
        }),
      settle: (window) =>
        transaction(() => {
          for (const { seq } of window) remove.run(seq);
        }),
      close: () => database.close(),
    },
    isPipelined,
  );
}
