import { execFileSync } from "node:child_process";
import { sql } from "../postgres/postgres.ts";
import { keyOf, type PlantedRun } from "./damaged-items.ts";

const letters = { waiting: "p", leased: "l", ended: "d" } as const;
const who = "Ada <ada@example.org> 1780000000 +0000";

type Files = Readonly<Record<string, Buffer>>;

/** Any files below refs of launch, in one go: name below refs/launch/v1/ → path → bytes. */
export function plantRefs(directory: string, refs: ReadonlyMap<string, Files>): void {
  plantFiles(directory, new Map([...refs].map(([name, files]) => [`refs/launch/v1/${name}`, files])));
}

/** The files of the default branch: these, and no others. */
export function plantBranch(directory: string, files: Files): void {
  plantFiles(directory, new Map([["refs/heads/main", files]]));
}

export function removeRefs(directory: string, names: readonly string[]): void {
  git(directory, ["update-ref", "--stdin"], names.map((name) => `delete refs/launch/v1/${name}\n`).join(""));
}

function plantFiles(directory: string, refs: ReadonlyMap<string, Files>): void {
  const parts = [...refs].flatMap(([name, files]) => [
    Buffer.from(`commit ${name}\ncommitter ${who}\ndata 0\n\ndeleteall\n`),
    ...Object.entries(files).flatMap(([path, bytes]) => [
      Buffer.from(
        `M ${path.endsWith("@") ? "120000" : "100644"} inline ${path.replace(/@$/, "")}\ndata ${bytes.byteLength}\n`,
      ),
      bytes,
      Buffer.from("\n"),
    ]),
  ]);
  git(directory, ["fast-import", "--quiet", "--force"], Buffer.concat(parts));
}

function git(directory: string, args: readonly string[], input: Buffer | string = ""): string {
  return execFileSync("git", ["-C", directory, ...args], {
    input,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  }).trim();
}

/** Runs of a queue; gives the names of their refs, below refs/launch/v1/. */
export function plantRunsInGit(directory: string, queue: string, runs: readonly PlantedRun[]): readonly string[] {
  const refs = new Map<string, Readonly<Record<string, Buffer>>>();
  const nameOf = (run: PlantedRun): string => `q/${queue}/${letters[run.place]}/${keyOf(run)}`;
  for (const run of runs) {
    const { head, record } = run;
    const files: Record<string, Buffer> = { "run.json": head };
    if (record === "a folder") files["record.json/x"] = Buffer.from("x");
    else if (record === "a link") files["record.json@"] = Buffer.from("run.json");
    else if (typeof record !== "string") files["record.json"] = record;
    refs.set(nameOf(run), files);
  }
  plantRefs(directory, refs);
  // What names an object that isn't there no import makes.
  for (const run of runs.filter(({ record }) => record === "a submodule" || record === "a file that is gone")) {
    const kind = run.record === "a submodule" ? "160000 commit" : "100644 blob";
    const blob = git(directory, ["hash-object", "-w", "--stdin"], run.head);
    const tree = git(
      directory,
      ["mktree", "--missing"],
      `${kind} ${"1".repeat(40)}\trecord.json\n100644 blob ${blob}\trun.json\n`,
    );
    const identity = ["-c", "user.name=ada", "-c", "user.email=ada@example.org"];
    const commit = git(directory, [...identity, "commit-tree", "-m", "by hand", tree]);
    git(directory, ["update-ref", `refs/launch/v1/${nameOf(run)}`, commit]);
  }
  return runs.map(nameOf);
}

/** Whether Postgres' types take it: the others can't be there. */
export async function plantRunInPostgres(url: string, queue: string, run: PlantedRun): Promise<boolean> {
  if (typeof run.record === "string") return false;
  const text = (bytes: Buffer): string => `'${bytes.toString().replaceAll("'", "''")}'`;
  try {
    await sql(
      url,
      `SET session_replication_role = replica;
       INSERT INTO launch.runs (run_id, place, version, nonces, head, record, created_at, submitter, queue, priority, key_time, slots, schema_version)
       VALUES ('${run.runId}', '${run.place}', '${keyOf(run)}', '{}', ${text(run.head)}, ${text(run.record)}, '', '', '${queue}', 2, ${run.time},
         coalesce(${text(run.head)}::jsonb -> 'queued' -> 'slots', '{}'), 1)`,
    );
    return true;
  } catch {
    return false;
  }
}
