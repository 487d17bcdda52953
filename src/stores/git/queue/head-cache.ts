import type { ReadHead } from "../../../run/head.ts";
import { maxHeadBytes, readHead, runFiles } from "../runs/run-files.ts";
import { readInQueue } from "../../queued-head.ts";
import { readTips } from "../runs/read-tips.ts";
import type { Tip } from "./queue-refs.ts";
import type { OpenedStore } from "../repository/repository.ts";

/** Objects that could not be had may come: they are asked for again after this. */
const missingMs = 60_000;

/** What is at a commit never changes: each head is read once. */
export interface HeadCache {
  /** The heads of these tips, in their order. */
  read(opened: OpenedStore, tips: readonly Tip[], signal: AbortSignal): Promise<readonly ReadHead[]>;
  /** Remembers a head that we have written. */
  add(tip: Pick<Tip, "id" | "parsed" | "queue">, head: ReadHead): void;
  /** Forgets what these queues had, but for these tips. */
  keep(queues: readonly string[] | "all", tips: readonly Tip[]): void;
}

type Cached = { readonly head: ReadHead; readonly until: number; readonly queue: string };

export function headCache(monotonicMs: () => number): HeadCache {
  const heads = new Map<string, Cached>();
  /** The newest commit of a run that is here: what comes after it is fetched as a difference. */
  const newest = new Map<string, string>();

  const add: HeadCache["add"] = (tip, head) => {
    heads.set(tip.id, { head, queue: tip.queue, until: Number.POSITIVE_INFINITY });
    newest.set(runKey(tip), tip.id);
  };
  return {
    add,
    read: async (opened, tips, signal) => {
      const unknown = tips.filter(({ id }) => !isKnown(heads.get(id), monotonicMs()));
      const wanted = unknown.map((tip) => ({ name: tip.name, id: tip.id, before: newest.get(runKey(tip)) }));
      const request = { tips: wanted, paths: [runFiles.head], maxBytes: maxHeadBytes, unseen: true } as const;
      const found = await readTips(opened, request, signal);
      unknown.forEach((tip, index) => {
        const content = found[index]?.[0]?.content;
        const head = headOf(tip, content);
        if (content === undefined) heads.set(tip.id, { head, queue: tip.queue, until: monotonicMs() + missingMs });
        else add(tip, head);
      });
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

function headOf({ queue, parsed }: Tip, content: Uint8Array | undefined): ReadHead {
  return readInQueue(readHead(parsed.runId, content), queue, runFiles.head);
}
