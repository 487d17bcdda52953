import { readFileSync } from "node:fs";
import { imageNamed, removeImages, smallImage } from "./engine.ts";
import { type Bar, interleave, type Row, toRow } from "./measure.ts";
import { inWorkspace, launchEntry, type Workspace } from "./program.ts";
import { finish, type Finished } from "./subprocess.ts";
import { recordCalls } from "./tool-calls.ts";

export const prebuiltBars: readonly [Bar] = [
  {
    measure: "launch run of a prebuilt image that exits at once: wall beyond `docker run --rm` of the same",
    unit: "s",
    of: "difference",
    is: "at most",
    bar: 0.25,
  },
];

/** What the launcher adds to a container that has nothing to do. */
export async function prebuilt(): Promise<readonly Row[]> {
  return inWorkspace(async ({ folder, env }) => {
    const args = [launchEntry, "run", "--docker-image", smallImage, "--resource", "local-container", "-E", "true"];
    const rounds = await interleave({
      rounds: 11,
      warmUp: 1,
      value: async () => (await finish({ command: process.execPath, args, cwd: folder, env })).seconds,
      floor: async () => (await finish({ command: "docker", args: ["run", "--rm", smallImage, "true"], env })).seconds,
    });
    return [toRow(prebuiltBars[0], rounds)];
  });
}

export const unchangedBars: readonly [Bar, Bar] = [
  {
    measure: "second launch of an unchanged commit: wall to the container's first line (floor: `docker run --rm`)",
    unit: "s",
    of: "value",
    is: "at most",
    bar: 1,
  },
  {
    measure: "second launch of an unchanged commit: builds and exports of the source (floor: the first launch)",
    unit: "count",
    of: "value",
    is: "at most",
    bar: 0,
  },
];

const firstLine = "the container runs";

/** A commit that was launched before: its image is there, so nothing is exported, sent or built. */
export async function unchanged(): Promise<readonly Row[]> {
  const name = `bench-unchanged-${process.pid}`;
  try {
    return await inWorkspace(async (workspace) => {
      const cwd = workspace.project({
        Dockerfile: `FROM ${smallImage}\nCOPY . /app\nWORKDIR /app\n`,
        "launch.yaml": `name: ${name}\nuri: .\nresource: local-container\noverrides:\n  entry_point: [echo, ${firstLine}]\n`,
      });
      const first = await countWork(workspace, cwd);
      if (first < 2) throw new Error("the first launch built or exported nothing that could be seen");
      const second = await countWork(workspace, cwd);
      const { env } = workspace;
      const image = imageNamed(name);
      const rounds = await interleave({
        rounds: 7,
        warmUp: 1,
        value: async () => startOf(await finish({ command: process.execPath, args: launchHere, cwd, env })),
        floor: async () =>
          startOf(await finish({ command: "docker", args: ["run", "--rm", image, "echo", firstLine], env })),
      });
      return [toRow(unchangedBars[0], rounds), toRow(unchangedBars[1], [{ value: second, floor: first }])];
    });
  } finally {
    removeImages(name);
  }
}

const launchHere = [launchEntry, "run", "launch.yaml"];

function startOf({ lines }: Finished): number {
  const line = lines.find(({ text }) => text.endsWith(firstLine) && !text.includes("echo"));
  if (line === undefined) throw new Error("the container printed nothing");
  return line.seconds;
}

/** How often a launch took the content of the commit out of git, by git's own account, and whether it built, by its record. */
async function countWork({ folder, env }: Workspace, cwd: string): Promise<number> {
  const calls = recordCalls(folder, ["git"]);
  const launch = { command: process.execPath, args: [...launchHere, "--json"], cwd, env: { ...env, PATH: calls.path } };
  const { stdout } = await finish(launch);
  const recordFile = /"record":"([^"]+)"/.exec(stdout)?.[1];
  if (recordFile === undefined) throw new Error("the launch named no record");
  const built = /"outcome":\s*"built"/.test(readFileSync(recordFile, "utf8")) ? 1 : 0;
  return calls.read().filter((call) => exporting.test(call)).length + built;
}

const exporting = /^git .*\b(?:archive|checkout|checkout-index|clone|worktree|read-tree .*-u)\b/;
