import { execFileSync, spawn } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";

/** A real server on 127.0.0.1 with a folder of its own. */
export type PostgresServer = {
  readonly port: number;
  /** A new, empty database; its URL has the superuser's name and password. */
  newDatabase(): Promise<string>;
  /** Ends the server at once, without a word to anyone. */
  kill(): Promise<void>;
  /** Starts it again. */
  start(): Promise<void>;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
};

/** The folder of initdb and pg_ctl (Debian keeps them out of PATH); undefined when there is none. */
export function postgresPrograms(): string | undefined {
  const onPath = (process.env["PATH"] ?? "").split(":");
  const versions = globSync("/usr/lib/postgresql/*/bin").sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  return [...onPath, ...versions].find((folder) => folder !== "" && existsSync(join(folder, "initdb")));
}

export const superuserPassword = "s3cret-of-the-superuser";

/** The server refuses to run as root: then it runs as the user that Postgres' package made, or as nobody. */
function serverUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string): number => {
    for (const name of ["postgres", "nobody"]) {
      try {
        return Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
      } catch {
        continue;
      }
    }
    throw new Error("neither postgres nor nobody is a user here");
  };
  return { uid: idOf("-u"), gid: idOf("-g") };
}

/** `durable` waits for the disk at each commit, as a server in use does; a killed server loses nothing that the kernel has without it. */
export async function startPostgres({ durable = false } = {}): Promise<PostgresServer> {
  const programs = postgresPrograms();
  if (programs === undefined) throw new Error("no initdb on this machine");
  const user = serverUser();
  const folder = await mkdtemp(join(tmpdir(), "launch-postgres-"));
  await chmod(folder, 0o755);
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const data = join(folder, "data");
  let port = 0;

  const run = (program: string, args: readonly string[]): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = spawn(join(programs, program), args, {
        ...user,
        cwd: folder,
        stdio: ["ignore", "ignore", "pipe"],
        env: { LC_ALL: "C", PATH: process.env["PATH"] ?? "" },
      });
      let said = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
      child.once("error", reject);
      child.once("exit", (code) => {
        child.stderr.destroy();
        if (code === 0) resolve();
        else reject(new Error(`${program}: exit ${code}: ${said}`));
      });
    });
  const settings = (): string =>
    `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=120 -c fsync=${durable ? "on" : "off"}`;
  const start = (): Promise<void> =>
    run("pg_ctl", ["start", "-w", "-D", data, "-l", join(folder, "log.txt"), "-o", settings()]);
  /** A port that was free may be another's when the server wants it: one of ours that calls somebody is enough. */
  const startOnFreePort = async (left = 5): Promise<void> => {
    port = await freePort();
    try {
      await start();
    } catch (error) {
      if (left === 0) throw error;
      await startOnFreePort(left - 1);
    }
  };
  const end = (mode: string): Promise<void> => run("pg_ctl", ["stop", "-w", "-D", data, "-m", mode]);

  const passwordFile = join(folder, "password");
  try {
    await writeFile(passwordFile, superuserPassword);
    const initdb = [
      "-D",
      data,
      "-U",
      "postgres",
      "--auth=scram-sha-256",
      `--pwfile=${passwordFile}`,
      "--encoding=UTF8",
      "--locale=C.UTF-8",
      "--no-sync",
    ];
    await run("initdb", initdb);
    await startOnFreePort();
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const url = (database: string): string => `postgres://postgres:${superuserPassword}@127.0.0.1:${port}/${database}`;
  let databases = 0;
  return {
    port,
    newDatabase: async () => {
      const name = `launch_${++databases}`;
      await sql(url("postgres"), `CREATE DATABASE ${name}`);
      return url(name);
    },
    kill: () => end("immediate"),
    start,
    stop: async () => {
      // It may be down already, where a test killed it.
      await end("immediate").catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs SQL on a connection of its own, and gives the last statement's rows. */
export async function sql(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const result = await client.query<Record<string, unknown>>(text);
    return result.rows;
  } finally {
    await client.end();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
