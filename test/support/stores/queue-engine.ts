import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { silentLog } from "../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { openStore } from "../../../src/stores/index.ts";
import { fileStoreLocation, parseStoreUrl } from "../../../src/stores/location.ts";
import type { QueuePlace } from "../../../src/stores/queue-store.ts";
import type { WholeStore } from "../../../src/stores/whole-store.ts";
import { startGitServer } from "../git/git-server.ts";
import { postgresPrograms } from "../postgres/postgres.ts";
import { postgresEngine } from "../postgres/postgres-engine.ts";
import type { PlantedRun } from "./damaged-items.ts";
import { plantRunsInGit } from "./plant.ts";

/** A place where queues are kept, for the tests that every engine must pass. */
export type QueueEngine = {
  /** Opens the store as another machine would. */
  open(machine: string): Promise<WholeStore>;
  /** The next write is done, but whoever asked gets no answer. Undefined where an answer can't be lost so. */
  readonly loseNextAnswer: (() => void) | undefined;
  /** Puts something into a queue, by hand: where runs wait, where nothing else is said. */
  plant(queue: string, key: string, planted: Planted): Promise<void>;
  /** Many, as their bytes are; gives those that can be there. */
  plantAll(queue: string, runs: readonly PlantedRun[]): Promise<readonly PlantedRun[]>;
  end(): Promise<void>;
};

/** Texts as anybody may write them. */
export type Planted = { readonly head: string; readonly record?: string; readonly place?: QueuePlace };

export type MakeQueueEngine = (folder: string) => Promise<QueueEngine>;

const letters = { waiting: "p", leased: "l", ended: "d" } as const;

/** Commits a run's files by hand and gives them a name in a queue. */
export function plantInGit(
  directory: string,
  [queue, key]: readonly [string, string],
  { head, record, place = "waiting" }: Planted,
): void {
  const git = (args: readonly string[], input = ""): string =>
    execFileSync("git", ["--git-dir", directory, ...args], { encoding: "utf8", input }).trim();
  const entry = (name: string, text: string): string =>
    `100644 blob ${git(["hash-object", "-w", "--stdin"], text)}\t${name}\n`;
  const tree = git(["mktree"], entry("run.json", head) + (record === undefined ? "" : entry("record.json", record)));
  const identity = ["-c", "user.name=someone", "-c", "user.email=someone@example.com"];
  const commit = git([...identity, "commit-tree", "-m", "by hand", tree]);
  git(["update-ref", `refs/launch/v1/q/${queue}/${letters[place]}/${key}`, commit]);
}

const token = "t0ken-of-the-job";

/** The engines that the contract is held against. */
export const queueEngines: Readonly<Record<string, MakeQueueEngine>> = {
  "a bare repository": (folder) => {
    const path = join(folder, "state home", "store.git");
    return Promise.resolve({
      open: (machine) =>
        openStore(fileStoreLocation(path), { log: silentLog, stateDirectory: stateDirectoryAt(join(folder, machine)) }),
      loseNextAnswer: undefined,
      plant: (queue, key, planted) => {
        plantInGit(path, [queue, key], planted);
        return Promise.resolve();
      },
      plantAll: (queue, runs) => {
        plantRunsInGit(path, queue, runs);
        return Promise.resolve(runs);
      },
      end: () => Promise.resolve(),
    });
  },
  "a repository over http": async (folder) => {
    const served = join(folder, "served", "train.git");
    mkdirSync(join(folder, "served"), { recursive: true });
    execFileSync("git", ["init", "--quiet", "--bare", served]);
    let toLose = 0;
    const server = await startGitServer({
      root: join(folder, "served"),
      auth: { basic: [`x-access-token:${token}`] },
      intercept: ({ method, url }) =>
        method === "POST" && url.endsWith("/git-receive-pack") && toLose-- > 0 ? { kind: "drop-answer" } : undefined,
    });
    return {
      open: (machine) =>
        openStore(parseStoreUrl(`git+${server.url}/train.git`), {
          log: silentLog,
          stateDirectory: stateDirectoryAt(join(folder, machine)),
          token,
        }),
      loseNextAnswer: () => {
        toLose = 1;
      },
      plant: (queue, key, planted) => {
        plantInGit(served, [queue, key], planted);
        return Promise.resolve();
      },
      plantAll: (queue, runs) => {
        plantRunsInGit(served, queue, runs);
        return Promise.resolve(runs);
      },
      end: () => server.stop(),
    };
  },
  ...(postgresPrograms() === undefined && process.env["LAUNCH_E2E"] !== "1"
    ? {}
    : { "a Postgres database": postgresEngine }),
};
