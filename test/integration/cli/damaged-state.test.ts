import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isSoak } from "../../support/chaos/heavy.ts";
import { commandLine, type Ended } from "../../support/cli/command-line.ts";
import { compileCache } from "../../support/cli/compile-cache.ts";
import { copyState, type Damage, damages } from "../../support/cli/damaged-state.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/git/git-repository.ts";

/*
 * Whatever has become of the state folder, a command ends by itself, says in words what is wrong and where, and has one of its exit codes.
 * Each damage meets one of the commands here, another each time; in a soak all meet all.
 */
const commands: readonly (readonly string[])[] = [
  ["run"],
  ["run", "-q", "default", "launch.yaml"],
  ["list"],
  ["show", "first"],
  ["logs", "first"],
  ["prune", "--keep", "0", "--older-than", "0s"],
  ["agent", "--drain"],
  ["doctor", "launch.yaml"],
  ["queue", "list"],
  ["queue", "show", "default"],
  ["queue", "create", "narrow", "--resource", "local-process"],
  ["cancel", "second"],
  ["requeue", "second"],
  ["wait", "first"],
  ["agent", "list"],
  ["validate"],
  ["trust"],
  ["trust", "--list"],
  ["init"],
  ["store", "show", "git+file://@state/store.git"],
  ["store", "migrate", "git+file://@state/store.git", "git+file://@state/other.git"],
  ["store", "migrate", "git+file://@state/other.git", "git+file://@state/store.git"],
];
const perDamage = isSoak ? commands.length : 1;
const endsWithinMs = 120_000;

const named = (id: string): string =>
  JSON.stringify({
    run_id: id,
    name: "train",
    resource: "local-process",
    overrides: { entry_point: ["sh", "train.sh"] },
  });

describe("a state folder that is damaged", () => {
  let folder: TemporaryFolder;
  let directory: string;
  const at = (state: string, ...argv: readonly string[]): Promise<Ended> => {
    const command = commandLine({ directory, stateHome: state, environment: { ...compileCache } }).start(...argv);
    const ended = new AbortController();
    const hung = delay(endsWithinMs, undefined, { signal: ended.signal }).then(
      () => command.process.kill("SIGKILL"),
      () => undefined,
    );
    return command.ended.finally(async () => {
      ended.abort();
      await hung;
    });
  };
  beforeAll(async () => {
    folder = temporaryFolder();
    const code = folder.repository("code");
    directory = code.directory;
    code.commit("a", {
      "launch.yaml": "name: train\nresource: local-process\noverrides: {entry_point: [sh, train.sh]}\n",
      "train.sh": "echo hi\n",
      "launch-config.yaml": "entity: team\n",
    });
    const state = folder.folder("whole");
    for (const argv of [
      ["run", named("first")],
      ["run", "-q", "default", named("second")],
    ]) {
      expect(await at(state, ...argv)).toMatchObject({ exitCode: 0 });
    }
  }, 120_000);
  afterAll(() => folder.remove());

  const check = async ({ of }: Damage, argv: readonly string[]): Promise<void> => {
    const state = join(folder.path, "state");
    copyState(join(folder.path, "whole"), state);
    of(state);
    const { exitCode, stdout, stderr } = await at(state, ...argv.map((word) => word.replace("@state", state)));
    const said = `${argv.join(" ")}: ${stdout}${stderr}`;
    expect([0, 1, 2, 3], said).toContain(exitCode);
    expect(said).not.toMatch(/\bbug\b|^ {4}at /m);
    // What is wrong with the machine is nobody's spec, and has a place, or is of a run.
    if (exitCode === 3) expect(said.includes(folder.path) || said.includes('run "'), said).toBe(true);
    rmSync(state, { recursive: true, force: true });
  };

  it.each(damages.map((damage, index) => [damage.name, damage, index] as const))(
    "is told in words: %s",
    { timeout: perDamage * endsWithinMs },
    async (_, damage, index) => {
      for (let nth = 0; nth < perDamage; nth++) {
        await check(damage, commands[(index * 5 + nth * 7) % commands.length] ?? []);
      }
    },
  );

  it("keeps no other run from starting where only one run's files are damaged", { timeout: 600_000 }, async () => {
    for (const damage of damages.filter(({ ofOneRun }) => ofOneRun === true)) {
      const state = join(folder.path, "state");
      copyState(join(folder.path, "whole"), state);
      damage.of(state);
      const { exitCode, stderr } = await at(state, "run");
      expect(exitCode, `${damage.name}: ${stderr}`).toBe(0);
      rmSync(state, { recursive: true, force: true });
    }
  });

  it("doesn't have an agent end runs that another could take", { timeout: 120_000 }, async () => {
    const state = join(folder.path, "state");
    copyState(join(folder.path, "whole"), state);
    damages.find(({ name }) => name === "live is a file")?.of(state);
    expect(await at(state, "agent", "--drain")).toMatchObject({ exitCode: 3 });
    expect((await at(state, "list")).stdout).toMatch(/second +queued/);
    expect(existsSync(join(state, "live"))).toBe(true);
    expect(readFileSync(join(state, "live"), "utf8")).toContain("{");
  });
});
