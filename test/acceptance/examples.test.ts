import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type ActionCopy, copyAction } from "../support/github/action-copy.ts";
import { imagesOf, removeImages } from "../support/docker/docker.ts";
import { describeWithDocker } from "../support/engines.ts";
import { makeProject } from "../support/launch/project.ts";
import { remainsOf } from "../support/launch/remains.ts";
import { launchCli } from "../support/github/runner.ts";

/* Each folder of examples/ is launched by the committed bundle, from a repository in which it is alone. */

const examples = resolve(import.meta.dirname, "../../examples");

const recordSchema = z.object({
  run_id: z.string(),
  state: z.string(),
  metrics: z.record(z.string(), z.number()),
});
type RunRecord = z.output<typeof recordSchema>;

/** A build that installs packages needs this machine's own network, where the test engine has no other. */
const launchConfig = "builder:\n  type: docker\n  network: host\n";

describe("the examples", () => {
  let launcher: ActionCopy;
  let work: string;

  beforeAll(() => {
    launcher = copyAction();
  });
  afterAll(() => {
    launcher.remove();
  });
  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), "launch-example-"));
  });
  afterEach(() => rmSync(work, { recursive: true, force: true }));

  function launched(name: string, ...flags: readonly string[]): { readonly log: string; readonly record: RunRecord } {
    const project = makeProject({ from: [`examples/${name}`], files: { "launch-config.yaml": launchConfig } });
    const environment = {
      LAUNCH_STATE_HOME: join(work, "state"),
      LAUNCH_CONFIG: join(project.directory, "launch-config.yaml"),
      ...(process.env["DOCKER_HOST"] === undefined ? {} : { DOCKER_HOST: process.env["DOCKER_HOST"] }),
    };
    try {
      const log = launchCli(
        launcher.directory,
        ["run", join(project.directory, "launch.yaml"), "--name", `test-${name}`, ...flags],
        environment,
      );
      const runId = /launch show ([a-z0-9-]+)/.exec(log)?.[1] ?? "";
      const record = recordSchema.parse(
        JSON.parse(launchCli(launcher.directory, ["show", runId, "--json"], environment)),
      );
      expect(remainsOf(record.run_id, [])).toEqual([]);
      return { log, record };
    } finally {
      project.remove();
    }
  }

  test("are these three, each with a README and a spec that names its schema", () => {
    const entries = readdirSync(examples, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(names.sort()).toEqual(["digits", "dockerfile", "sklearn"]);
    for (const name of names) {
      expect(readdirSync(join(examples, name))).toContain("README.md");
      const spec = readFileSync(join(examples, name, "launch.yaml"), "utf8");
      const schema = /^# yaml-language-server: \$schema=(\S+)\n/.exec(spec)?.[1] ?? "";
      expect(JSON.parse(readFileSync(join(examples, name, schema), "utf8"))).toHaveProperty("$schema");
    }
  });

  test("digits learns to read nine digits of ten, with Node alone", () => {
    const { log, record } = launched("digits");
    expect(log).toMatch(/epoch 30 {2}loss \d\.\d{3} {2}accuracy 0\.9\d\d/);
    expect(record.state).toBe("succeeded");
    expect(record.metrics["accuracy"]).toBeGreaterThan(0.9);
  });

  test("digits takes its settings from run_config", () => {
    const { log } = launched("digits", "--set", "epochs=2");
    expect(log).toContain("epoch  2");
    expect(log).not.toContain("epoch  3");
  });

  describeWithDocker("that need Docker", () => {
    afterAll(() => removeImages([...imagesOf("launch/test-dockerfile"), ...imagesOf("launch/test-sklearn")]));

    test("dockerfile estimates pi in an image of its own Dockerfile", () => {
      const { log, record } = launched("dockerfile");
      expect(log).toContain("200000 throws");
      expect(record.metrics["pi"]).toBeCloseTo(Math.PI, 1);
    });

    test(
      "sklearn installs its pinned requirements into a generated image, and classifies",
      { timeout: 300_000 },
      () => {
        const { record } = launched("sklearn");
        expect(record.state).toBe("succeeded");
        expect(record.metrics["accuracy"]).toBeGreaterThan(0.9);
      },
    );
  });
});
