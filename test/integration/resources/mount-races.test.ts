import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { LaunchError } from "../../../src/core/errors.ts";
import { localContainerArgsSchema } from "../../../src/resources/local-container/schema.ts";
import { isSoak } from "../../support/chaos/heavy.ts";
import { describeWithDocker } from "../../support/engines.ts";
import { run, resourceBench } from "../../support/launch/resource.ts";

/*
 * Docker looks a mount's path up when the container starts. Meanwhile a run swaps all that it may below its own folder for links to another
 * one, whose canary no container may see or change.
 */

const tries = isSoak ? 1_200 : 240;
/** Decided one by one, and mounted in one container. */
const together = 16;

/** A run with the folder at /shared: swaps folders for links, one straight, one below another, one by a chain, until it is stopped. */
const swapping = (outside: string, root: string): string => `
  cd /shared; n=0
  swap() { mv $1 $1.away; ln -s $2 $1; echo at $1 >/dev/null; rm $1; mv $1.away $1; }
  while [ ! -e stop ]; do
    swap sub ${outside}; swap sub/deep ${outside}/deep; swap nested ${outside}; swap nested-rw ${root}
    ln -s ${outside} two; ln -s two one; swap chain one; rm one two
    n=$((n+5))
  done
  echo $n`;

/** Exchanges a folder for a link in one step, of which no shell has a command. */
const exchanging = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
folder = os.open(sys.argv[1], os.O_RDONLY)
n = 0
while not os.path.exists(sys.argv[1] + "/stop"):
    for one, other in ((b"x", b"y"), (b"sub/in", b"sub/in-link")):
        n += libc.renameat2(folder, one, folder, other, 2) == 0
print(n)`;

/** Says of each mount whether the canary is in it, and writes wherever it can. */
const looking = (base: string): string => `
  for at in /m/*; do
    for place in $at $at/* $at/*/* $at${base}/outside $at/outside; do
      [ -f $place/canary ] && echo ESCAPE $place
    done
    for place in $at $at/* $at/*/* $at${base}/outside; do
      [ ! -L $place ] && [ -d $place ] && echo escaped >> $place/canary-of-run && rm $place/canary-of-run
      [ -f $place/canary ] && echo escaped >> $place/canary
    done
  done 2>/dev/null
  true`;

type Spec = { readonly key: "volume" | "mount"; readonly text: (target: string) => string };

const specsBelow = (base: string): fc.Arbitrary<Spec> => {
  const folder = fc.constantFrom(
    ...["shared", "shared/sub", "shared/sub/deep", "shared/chain", "shared/chain/deep", "shared/x", "shared/y"],
    ...["shared/sub/in", "shared/sub/in-link", "shared/nested", "shared/nested-rw", "shared/nested/deep"],
    ...["shared/sub.away", "shared/one", "shared/nested-rw/etc"],
    ...["data", "data/inner", "data/writable", "data/writable/sub", "data/link", "alias", "alias/deep", "same"],
    ...["outside", "outside/deep", "", "shared", "same", "data", "data/inner", "data/writable"],
  );
  const ending = fc.constantFrom(
    "",
    "",
    "/",
    "/.",
    "/..",
    "/../sub",
    "/../../shared",
    "/../../data/inner",
    "//deep/..",
  );
  const mode = fc.constantFrom(undefined, "ro", "rw");
  return fc.tuple(folder, ending, mode, fc.boolean()).map(([name, end, how, isVolume]) => {
    const source = `${join(base, name)}${end}`;
    if (isVolume) return { key: "volume", text: (at) => [source, at, ...(how === undefined ? [] : [how])].join(":") };
    const flag = how === undefined ? "" : `,readonly=${how === "ro"}`;
    return { key: "mount", text: (at) => `type=bind,source=${source},target=${at}${flag}` };
  });
};

describeWithDocker("mounts of a container", () => {
  const bench = resourceBench("local-container");

  test(
    "are of no other folder than the allowed one, whatever a run puts in the place of what lies below",
    { timeout: 1_800_000 },
    async () => {
      const base = bench.folder("base");
      const outside = join(base, "outside");
      for (const name of ["sub/deep", "sub/in", "chain/deep", "x", "nested/deep", "nested-rw/etc"]) {
        mkdirSync(join(base, "shared", name), { recursive: true });
      }
      for (const name of ["data/inner", "data/writable/sub", "outside/deep"]) {
        mkdirSync(join(base, name), { recursive: true });
      }
      for (const name of ["", "deep"]) writeFileSync(join(outside, name, "canary"), "of the host alone\n");
      for (const [target, path] of [
        [outside, "shared/y"],
        [outside, "shared/sub/in-link"],
        // The admin's own.
        [join(base, "shared/sub"), "alias"],
        [join(base, "shared"), "same"],
        [join(base, "shared/sub"), "data/link"],
      ] as const)
        symlinkSync(target, join(base, path));
      const mounts = [
        { path: join(base, "shared"), readOnly: false },
        { path: join(base, "data"), readOnly: true },
        { path: join(base, "data/writable"), readOnly: false },
        ...["shared/nested", "alias"].map((name) => ({ path: join(base, name), readOnly: true })),
        ...["shared/nested-rw", "same", "shared/x"].map((name) => ({ path: join(base, name), readOnly: false })),
      ];
      const before = treeOf(outside);
      const open = (specs: readonly Spec[]) => {
        const texts = (key: Spec["key"]): readonly string[] =>
          specs.flatMap((spec, index) => (spec.key === key ? [spec.text(`/m/${index}`)] : []));
        const args = localContainerArgsSchema.parse({ volume: texts("volume"), mount: texts("mount") });
        return bench.open(args, { mounts });
      };
      const racer = await bench.open(localContainerArgsSchema.parse({ volume: `${join(base, "shared")}:/shared` }), {
        mounts,
      });
      const racing = run(racer, bench.request(swapping(outside, "/")));
      const exchange = spawned("python3", ["-c", exchanging, join(base, "shared")]);
      const seen = { refused: 0, mounted: 0 };
      try {
        while (seen.refused + seen.mounted < tries) {
          const specs: Spec[] = [];
          for (const spec of fc.sample(specsBelow(base), together)) {
            await delay(Math.random() * 3);
            if (await isAllowed(() => open([spec]))) specs.push(spec);
            else seen.refused++;
          }
          const resource = await open(specs).catch(refusal);
          // What was allowed before is not any more.
          if (resource instanceof LaunchError) continue;
          const { stdout } = await run(resource, bench.request(looking(base)));
          expect(
            stdout,
            `after ${seen.refused + seen.mounted}:\n${specs.map(({ text }, index) => text(`/m/${index}`)).join("\n")}`,
          ).not.toContain("ESCAPE");
          expect(treeOf(outside)).toEqual(before);
          seen.mounted += specs.length;
        }
      } finally {
        writeFileSync(join(base, "shared/stop"), "");
        await racing.catch(() => undefined);
      }
      const { stdout: swaps } = await racing;
      expect(Number(swaps)).toBeGreaterThan(tries);
      expect(Number(await exchange)).toBeGreaterThan(tries);
      // Both happen, or nothing was raced.
      expect(seen.refused).toBeGreaterThan(tries / 12);
      expect(seen.mounted).toBeGreaterThan(tries / 12);
      expect(treeOf(outside)).toEqual(before);
      expect(existsSync("/canary-of-run")).toBe(false);
    },
  );
});

async function isAllowed(open: () => Promise<unknown>): Promise<boolean> {
  return !((await open().catch(refusal)) instanceof LaunchError);
}

/** Of the folder that is swapped nothing else may come: no fault of the system, no bug. */
function refusal(error: unknown): LaunchError {
  if (error instanceof LaunchError && error.code === "refused") return error;
  throw error;
}

/** What it prints until it ends. */
async function spawned(program: string, args: readonly string[]): Promise<string> {
  const child: ChildProcess = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(child, "close");
  return said;
}

/** Each file with its text. */
function treeOf(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), "utf8")]),
  );
}
