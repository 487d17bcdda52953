import { execFileSync } from "node:child_process";
import { globSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLog } from "../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { openStore } from "../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../src/stores/location.ts";
import type { WholeStore } from "../../../src/stores/whole-store.ts";
import { type Link, startLink } from "../git/link.ts";
import { sql, startPostgres } from "../postgres/postgres.ts";
import { plantInPostgres } from "../postgres/postgres-engine.ts";
import { startPostgresProxy } from "../postgres/postgres-proxy.ts";
import { plantInGit } from "../stores/queue-engine.ts";
import { seeded } from "./seeded.ts";
import { startServerProcess } from "../git/server-process.ts";

/** A store on a server that can be killed, behind a link that can be slow or cut. */
export type ChaosEngine = {
  /** Of its repository, for what a test does there by hand; undefined for a database. */
  readonly directory: string | undefined;
  /** Puts something that waits into the queue default, past all that we check. */
  plant(key: string, head: string): Promise<void>;
  /** What agents are given: it leads through the link. */
  readonly url: string;
  readonly link: Link;
  /** Opens the store past the link, as who watches does. */
  watcher(): Promise<WholeStore>;
  /** SIGKILL to the server and all that works for it. */
  killServer(): Promise<void>;
  restartServer(): Promise<void>;
  /** From now on a share of the writes is done and gets no answer. */
  dropAnswers(share: number, seed: number): Promise<void>;
  /** How many answers were lost so. */
  dropped(): Promise<number>;
  /** Begins to count; the store has its first runs. */
  audit(): Promise<void>;
  /** Ids of the runs that ended, one for each time that one did, as the server itself has seen it. */
  ends(): Promise<readonly string[]>;
  /** The server may have been killed between an end and its note of it. */
  missesEnds(): boolean;
  stop(): Promise<void>;
};

const repository = "train.git";

/** git's smart HTTP; what is pushed is written down by a hook of the repository. */
export async function gitChaos(folder: string): Promise<ChaosEngine> {
  const root = join(folder, "served");
  const directory = join(root, repository);
  const ended = join(folder, "ends.txt");
  await mkdir(root, { recursive: true });
  execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", directory]);
  const lost = join(folder, "dropped.txt");
  await writeFile(ended, "");
  await writeFile(lost, "");
  await writeFile(
    join(directory, "hooks", "post-receive"),
    `#!/bin/sh\nexec sed -n 's|^0\\{40\\} [0-9a-f]* refs/launch/v1/q/[^/]*/d/[0-3]-[0-9a-z]\\{10\\}-||p' >>'${ended}'\n`,
    { mode: 0o755 },
  );
  let order: Parameters<typeof startServerProcess>[0] = { root };
  let server = await startServerProcess(order);
  let wasKilled = false;
  const link = await startLink(portOf(server.url));
  const restart = async (): Promise<void> => {
    server = await startServerProcess(order);
    link.lead(portOf(server.url));
  };
  return {
    directory,
    plant: (key, head) => {
      plantInGit(directory, ["default", key], { head });
      return Promise.resolve();
    },
    url: `git+http://127.0.0.1:${link.port}/${repository}`,
    link,
    watcher: () => openFor(`git+file://${directory}`, folder),
    killServer: () => {
      wasKilled = true;
      return server.kill();
    },
    restartServer: async () => {
      // No push can take away what a killed git leaves: who starts the server again does.
      for (const lock of globSync(["packed-refs.lock", "refs/**/*.lock"], { cwd: directory }))
        await rm(join(directory, lock));
      await restart();
    },
    dropAnswers: async (share, seed) => {
      order = { root, dropAnswers: { share, seed, noteIn: lost } };
      const old = server;
      await restart();
      await old.stop();
    },
    dropped: async () => (await readFile(lost, "utf8")).length,
    audit: () => Promise.resolve(),
    ends: async () => (await readFile(ended, "utf8")).split("\n").filter(Boolean),
    missesEnds: () => wasKilled,
    stop: async () => {
      await link.stop();
      await server.stop();
    },
  };
}

/** What ends is written down by a trigger. */
export async function postgresChaos(folder: string): Promise<ChaosEngine> {
  const server = await startPostgres();
  const url = await server.newDatabase();
  const proxy = await startPostgresProxy(server.port);
  const link = await startLink(proxy.port);
  let dropped = 0;
  return {
    directory: undefined,
    plant: (key, head) => plantInPostgres(url, ["default", key], { head }),
    url: url.replace(`:${server.port}/`, `:${link.port}/`),
    link,
    watcher: () => openFor(url, folder),
    killServer: () => server.kill(),
    restartServer: () => server.start(),
    dropAnswers: (share, seed) => {
      const random = seeded(seed);
      proxy.dropAnswersTo(/launch\.\w+\(\$1/, () => {
        if (random() >= share) return false;
        dropped += 1;
        return true;
      });
      return Promise.resolve();
    },
    dropped: () => Promise.resolve(dropped),
    audit: async () => {
      await sql(
        url,
        `CREATE TABLE public.ends (run_id text NOT NULL);
         GRANT ALL ON public.ends TO public;
         CREATE FUNCTION public.note_end() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN INSERT INTO public.ends VALUES (NEW.run_id); RETURN NULL; END $$;
         CREATE TRIGGER note_end AFTER UPDATE ON launch.runs FOR EACH ROW
           WHEN (NEW.place = 'ended' AND OLD.place <> 'ended') EXECUTE FUNCTION public.note_end();`,
      );
    },
    missesEnds: () => false,
    ends: async () => (await sql(url, "SELECT run_id FROM public.ends")).map((row) => String(row["run_id"])),
    stop: async () => {
      await link.stop();
      await proxy.stop();
      await server.stop();
    },
  };
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function openFor(url: string, folder: string): Promise<WholeStore> {
  return openStore(parseStoreUrl(url), { log: silentLog, stateDirectory: stateDirectoryAt(join(folder, "watcher")) });
}
