import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../src/core/output/log.ts";
import { stateDirectoryAt } from "../src/core/state-directory.ts";
import { openStore } from "../src/stores/index.ts";
import { parseStoreUrl } from "../src/stores/location.ts";
import type { QueueEntry, QueueStore } from "../src/stores/queue-store.ts";
import { startLink } from "../test/support/git/link.ts";
import { startServerProcess } from "../test/support/git/server-process.ts";

/* Where the queue measures keep their runs: a git server as a process of its own, so that it takes nothing of the measured one's time. */

export const queue = "gpu";

export type GitPlace = {
  readonly folder: string;
  /** Of the served repository, for what a measure does by hand. */
  readonly directory: string;
  /** `http://127.0.0.1:…/train.git`. */
  readonly url: string;
  /** The same over a network on which a round trip takes 100 ms, as does each new connection. */
  readonly slowUrl: string;
  /** What the server was asked for so far, as `POST /train.git/git-receive-pack`. */
  requests(): readonly string[];
  /** Opens the store as a machine of its own does: nothing is remembered from another. */
  open(machine: string, url?: string): Promise<QueueStore>;
};

const roundTripMs = 100;

/** A served bare repository that is gone afterwards. */
export async function inGitPlace<T>(use: (place: GitPlace) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "launch-bench-"));
  const directory = join(folder, "served", "train.git");
  const requestsFile = join(folder, "requests.txt");
  mkdirSync(join(folder, "served"));
  writeFileSync(requestsFile, "");
  execFileSync("git", ["init", "--quiet", "--bare", directory]);
  const server = await startServerProcess({ root: join(folder, "served"), noteRequestsIn: requestsFile });
  const link = await startLink(Number(new URL(server.url).port), roundTripMs);
  const url = `${server.url}/train.git`;
  try {
    return await use({
      folder,
      directory,
      url,
      slowUrl: `http://127.0.0.1:${link.port}/train.git`,
      requests: () => readFileSync(requestsFile, "utf8").split("\n").filter(Boolean),
      open: (machine, at = url) =>
        openStore(parseStoreUrl(`git+${at}`), {
          log: silentLog,
          stateDirectory: stateDirectoryAt(join(folder, machine)),
        }),
    });
  } finally {
    await link.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export function isPush(request: string): boolean {
  return request.startsWith("POST") && request.endsWith("/git-receive-pack");
}

/** What waits in the queue, in its order. */
export async function waitingIn(store: QueueStore, signal: AbortSignal): Promise<readonly QueueEntry[]> {
  const { entries } = await store.snapshot([queue], signal);
  return entries.filter(({ place }) => place === "waiting");
}

/** Time of some work in ms. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
