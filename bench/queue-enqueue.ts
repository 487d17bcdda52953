import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { smallImage } from "./engine.ts";
import { type Bar, interleave, type Row, toRow } from "./measure.ts";
import { inWorkspace } from "./program.ts";
import { enqueueImage } from "./queue-agent.ts";
import { type GitPlace, inGitPlace, isPush } from "./queue-place.ts";
import { finish } from "./subprocess.ts";

const floorWords = "(floor: one raw `git push` of a commit)";

export const enqueueBars: readonly [Bar, Bar, Bar] = [
  { measure: `launch run -q over HTTP: wall ${floorWords}`, unit: "s", of: "value", is: "at most", bar: 0.4 },
  {
    measure: `launch run -q over HTTP with round trips of 100 ms: wall ${floorWords}`,
    unit: "s",
    of: "value",
    is: "at most",
    bar: 1.2,
  },
  {
    measure: "launch run -q over HTTP: pushes, by the server's account (floor: one)",
    unit: "count",
    of: "value",
    is: "at most",
    bar: 1,
  },
];

const rounds = { rounds: 9, warmUp: 2 };

/** A run is put into a queue by the command line, on a machine that has done so before. */
export function enqueueOverHttp(): Promise<readonly Row[]> {
  return inGitPlace((place) =>
    inWorkspace(async (workspace) => {
      const submit = (url: string) => async (): Promise<number> => {
        const request = { workspace, state: join(workspace.folder, "submitter"), store: `git+${url}` };
        return (await enqueueImage({ ...request, image: smallImage, command: ["true"] })).seconds;
      };
      const near = await interleave({ ...rounds, value: submit(place.url), floor: rawPusher(place, place.url) });
      const before = place.requests().filter(isPush).length;
      await submit(place.url)();
      const pushes = place.requests().filter(isPush).length - before;
      const far = await interleave({ ...rounds, value: submit(place.slowUrl), floor: rawPusher(place, place.slowUrl) });
      const [nearBar, farBar, pushBar] = enqueueBars;
      return [toRow(nearBar, near), toRow(farBar, far), toRow(pushBar, [{ value: pushes, floor: 1 }])];
    }),
  );
}

/** A commit that is there already goes to a ref of its own, as anybody would push it. */
function rawPusher({ folder }: GitPlace, url: string): () => Promise<number> {
  const copy = join(folder, `raw-${randomUUID()}.git`);
  execFileSync("git", ["init", "--quiet", "--bare", copy]);
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["--git-dir", copy, "-c", "user.name=bench", "-c", "user.email=bench@example.org", ...args], {
      encoding: "utf8",
      input: "",
    }).trim();
  const tree = git("mktree");
  return async () => {
    const name = randomUUID();
    const commit = git("commit-tree", tree, "-m", name);
    const args = ["--git-dir", copy, "push", "--quiet", "--atomic", url, `${commit}:refs/launch/bench/${name}`];
    return (await finish({ command: "git", args })).seconds;
  };
}
