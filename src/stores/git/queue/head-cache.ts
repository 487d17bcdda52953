import type { ReadObject } from "../../../clients/git/objects/read-objects.ts";
import type { ReadHead } from "../../../run/head.ts";
import { maxRunFileBytes, readHead, readWhole, type RunContents, runFiles } from "../runs/run-files.ts";
import { readInQueue } from "../../queued-head.ts";
import { makeOfTips } from "../runs/read-tips.ts";
import type { Tip } from "./queue-refs.ts";
import type { OpenedStore } from "../repository/repository.ts";

/** Objects that could not be had may come: they are asked for again after this. */
const missingMs = 60_000;

/** A head is worth nothing without its record: what nobody could run, or end, is set aside where it is seen first. */
const paths = [runFiles.head, runFiles.record] as const;
const maxBytes = paths.map((name) => maxRunFileBytes[name] ?? 0);

/** What is at a commit never changes: each head is read once. */
export interface HeadCache {
  /** The heads of these tips, in their order. */
  read(opened: OpenedStore, tips: readonly Tip[], signal: AbortSignal): Promise<readonly ReadHead[]>;
  /** Remembers a head that we have written. */
  add(tip: Pick<Tip, "id" | "parsed" | "queue">, head: ReadHead): void;
  /** Forgets what these queues had, but for these tips. */
  keep(queues: readonly string[] | "all", tips: readonly Tip[]): void;
}

type Made = { readonly isWhole: boolean; readonly read: ReadHead | undefined };

type Cached = { readonly head: ReadHead; readonly until: number; readonly queue: string };

export function headCache(monotonicMs: () => number): HeadCache {
  const heads = new Map<string, Cached>();
  /** The newest commit of a run that is here: what comes after it is fetched as a difference. */
  const newest = new Map<string, string>();

  const add: HeadCache["add"] = (tip, head) => {
    heads.set(tip.id, { head, queue: tip.queue, until: Number.POSITIVE_INFINITY });
    newest.set(runKey(tip), tip.id);
  };
  const readSome = async (opened: OpenedStore, some: readonly Tip[], signal: AbortSignal): Promise<void> => {
    const wanted = some.map((tip) => ({ name: tip.name, id: tip.id, before: newest.get(runKey(tip)) }));
    const make = (files: readonly (ReadObject | undefined)[], index: number): Made => {
      const [head, record] = files.map((object) => (object?.type === "blob" ? object.content : undefined));
      const tip = some[index];
      if (tip === undefined) return { isWhole: false, read: undefined };
      return { isWhole: head !== undefined && record !== undefined, read: headOf(tip, { head, record }) };
    };
    const made = await makeOfTips(opened, { tips: wanted, paths, maxBytes, unseen: true, make }, signal);
    some.forEach((tip, index) => {
      const { isWhole, read } = made[index] ?? { isWhole: false, read: undefined };
      if (read === undefined) return;
      if (isWhole) add(tip, read);
      else heads.set(tip.id, { head: read, queue: tip.queue, until: monotonicMs() + missingMs });
    });
  };
  return {
    add,
    read: async (opened, tips, signal) => {
      const unknown = tips.filter(({ id }) => !isKnown(heads.get(id), monotonicMs()));
      // One that could not be had before would fail the fetch of the new ones.
      const missing = unknown.filter(({ id }) => heads.has(id));
      const fresh = unknown.filter(({ id }) => !heads.has(id));
      for (const some of [fresh, missing]) await readSome(opened, some, signal);
      return tips.map(({ id, parsed }) => heads.get(id)?.head ?? readHead(parsed.runId, undefined));
    },
    keep: (queues, tips) => {
      const ids = new Set(tips.map(({ id }) => id));
      const runs = new Set(tips.map(runKey));
      const isAsked = (queue: string): boolean => queues === "all" || queues.includes(queue);
      for (const [id, { queue }] of heads) if (isAsked(queue) && !ids.has(id)) heads.delete(id);
      for (const run of newest.keys()) {
        if (isAsked(run.slice(0, run.indexOf("/"))) && !runs.has(run)) newest.delete(run);
      }
    },
  };
}

function isKnown(cached: Cached | undefined, now: number): boolean {
  return cached !== undefined && cached.until > now;
}

function runKey({ queue, parsed }: Pick<Tip, "queue" | "parsed">): string {
  return `${queue}/${parsed.runId}`;
}

function headOf({ queue, parsed }: Tip, contents: RunContents): ReadHead {
  return readInQueue(readWhole(parsed.runId, contents), queue, runFiles.head);
}
