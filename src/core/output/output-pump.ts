import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { freeBytes } from "./lines.ts";
import type { OutputStream } from "./log.ts";

/** Takes raw output as it comes; a promise says when it may have more. The chunk is its own until it returns: what it keeps it copies. */
export type OutputTaker = (stream: OutputStream, chunk: Buffer) => Promise<void> | void;

export type OutputPump = {
  /** Gives the output its taker; until then it waits in the pipes. Once only. */
  connect(take: OutputTaker): void;
  /** Resolves when both streams have ended and all of them was taken; rejects when the taker does. */
  readonly drained: Promise<void>;
  /**
   * For when those who could write are gone: resolves when drained, or when nothing has come for `idleMs` while the taker had no hand full,
   * since somebody unknown still holds the other end.
   */
  settle(idleMs: number): Promise<void>;
};

/**
 * Moves the output of a process to its taker. While a taker's promise is open neither stream is read, so a slow taker slows the process
 * down instead of filling our memory, and it is never called twice at once. Make the pump at the moment the process starts: when a process
 * exits, Node makes its unread streams flow, whether anybody listens or not. That is also why there is a queue: it holds what was in
 * the pipes then, some hundred KiB.
 */
export function pumpOutput({ stdout, stderr }: { readonly stdout: Readable; readonly stderr: Readable }): OutputPump {
  const queue: { readonly name: OutputStream; readonly chunk: Buffer }[] = [];
  let take: OutputTaker | undefined;
  let taking = false;
  let taken = 0;
  let ended = 0;
  let finish: () => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const drained = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  // Whoever waits for it hears of it; nobody may have begun to wait yet.
  drained.catch(() => undefined);

  const pause = (): unknown => [stdout.pause(), stderr.pause()];
  const abandon = (error?: unknown): void => {
    if (error !== undefined) fail(error);
    queue.length = 0;
    stdout.destroy();
    stderr.destroy();
  };
  const work = (): void => {
    try {
      while (take !== undefined && !taking) {
        const next = queue.shift();
        if (next === undefined) {
          if (ended === 2) finish();
          return;
        }
        taken++;
        const more = take(next.name, next.chunk);
        freeBytes(next.chunk);
        if (more !== undefined) wait(more);
      }
      pause();
    } catch (error) {
      abandon(error);
    }
  };
  const wait = (more: Promise<void>): void => {
    taking = true;
    more.then(() => {
      taking = false;
      flow();
    }, abandon);
  };
  const flow = (): void => {
    stdout.resume();
    stderr.resume();
    work();
  };
  for (const [name, stream] of [["stdout", stdout] as const, ["stderr", stderr] as const]) {
    stream.on("data", (chunk: Buffer) => {
      queue.push({ name, chunk });
      work();
    });
    stream.on("error", () => stream.destroy());
    // "close" comes after "end", and also without it when the stream is destroyed.
    stream.once("close", () => {
      ended++;
      work();
    });
  }
  pause();

  return {
    connect: (taker) => {
      take = taker;
      flow();
    },
    drained,
    settle: async (idleMs) => {
      for (let before = -1; before !== taken || taking;) {
        before = taken;
        if (await endsWithin(drained, idleMs)) return;
      }
      abandon();
      await drained;
    },
  };
}

async function endsWithin(ending: Promise<void>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const idle = delay(ms, false, { signal: timer.signal }).catch(() => false);
  return Promise.race([ending.then(() => true), idle]).finally(() => timer.abort());
}
