/**
 * The work queue on disk, in one SQLite file: what `serve` and `demo` use unless they are told otherwise.
 *
 * ```
 *   store.ts      the verbs                          disk.ts      groups written, flushed, tried again
 *   outbox.ts     what is to be written              database.ts  the SQL
 *   shelf.ts      payloads at hand                   open.ts      whose file, what state, what is lost
 *   blocks.ts     where each envelope is             salvage.ts   saving what can be read
 *   restore.ts    from the file to the work queue    ballast.ts   room for hard times
 *   link.ts       ◄────────── messages.ts ─────────► worker.ts
 *        main thread                                      disk thread
 *
 *   gap-file.ts   the gap ledger, in a file beside it
 * ```
 */
export { sqliteStore, type SqliteStoreOptions } from "./driver.ts";
