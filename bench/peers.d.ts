/**
 * As much of the peers' types as the benches use. Peers are installed only to run the benches (`run.mjs`), while lint and the
 * compiler look at these programs on machines that don't have them.
 */
declare module "heap-js" {
  export class Heap<T> {
    constructor(compare: (a: T, b: T) => number);
    push(item: T): boolean;
    pop(): T | undefined;
  }
}
declare module "tinyqueue" {
  class TinyQueue<T> {
    constructor(items: T[], compare: (a: T, b: T) => number);
    push(item: T): void;
    pop(): T | undefined;
  }
  export { TinyQueue as default };
}
declare module "flatqueue" {
  class FlatQueue<T> {
    push(item: T, priority: number): void;
    pop(): T | undefined;
  }
  export { FlatQueue as default };
}
declare module "fastpriorityqueue" {
  class FastPriorityQueue<T> {
    constructor(isBefore: (a: T, b: T) => boolean);
    add(item: T): void;
    poll(): T | undefined;
  }
  export { FastPriorityQueue as default };
}
declare module "@datastructures-js/priority-queue" {
  export class PriorityQueue<T> {
    constructor(compare: (a: T, b: T) => number);
    enqueue(item: T): unknown;
    dequeue(): T | null;
  }
}
declare module "p-queue" {
  class PQueue {
    constructor(options: { readonly concurrency: number; readonly autoStart?: boolean });
    add(task: () => unknown, options: { readonly priority: number }): Promise<unknown>;
    start(): this;
    pause(): void;
    onIdle(): Promise<void>;
  }
  export { PQueue as default };
}
declare module "fastq" {
  interface Queue<T> {
    push(task: T, done?: (error: Error | null) => void): unknown;
    pause(): void;
    resume(): void;
    drain: () => void;
  }
  interface FastQ {
    <T>(worker: (task: T, done: (error: Error | null) => void) => void, concurrency: number): Queue<T>;
    promise<T>(worker: (task: T) => Promise<void>, concurrency: number): Queue<T>;
  }
  const fastq: FastQ;
  export { fastq as default };
}
declare module "lmdb" {
  export interface Database {
    put(key: number, value: Uint8Array): Promise<boolean>;
    remove(key: number): Promise<boolean>;
    readonly flushed: Promise<unknown>;
    close(): Promise<void>;
  }
  export function open(options: Readonly<Record<string, unknown>>): Database;
}
declare module "classic-level" {
  export interface BatchOperation {
    readonly type: "put" | "del";
    readonly key: Uint8Array;
    readonly value?: Uint8Array;
  }
  export class ClassicLevel {
    constructor(path: string, options: Readonly<Record<string, unknown>>);
    open(): Promise<void>;
    batch(operations: readonly BatchOperation[], options: { readonly sync: boolean }): Promise<void>;
    close(): Promise<void>;
  }
}
