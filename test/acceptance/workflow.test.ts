import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type ActionCopy, copyAction } from "../support/github/action-copy.ts";
import { imagesOf, removeImages } from "../support/docker/docker.ts";
import { describeWith } from "../support/engines.ts";
import { startGitServer } from "../support/git/git-server.ts";
import { makeProject, type ProjectContent } from "../support/launch/project.ts";
import { remainsOf } from "../support/launch/remains.ts";
import { runWorkflow, type WorkflowRequest, type WorkflowRun } from "../support/github/workflow.ts";

/* `uses: org/launch-action@v1` in GitHub's workflow engine, as a user writes it; the action is a copy of what is committed. */

const recordSchema = z.object({
  schema_version: z.literal(1),
  run_id: z.string(),
  state: z.string(),
  source: z.object({ commit: z.string() }),
  metrics: z.record(z.string(), z.number()).optional(),
});
const resultSchema = z.object({ schema_version: z.int(), run_id: z.string(), state: z.string() });

/** A later step that shows what the launch step gave, between markers. */
const showOutputs = `
      - if: always()
        run: |
          echo "STATE=[$STATE] REASON=[$REASON]"
          echo "RESULT=$RESULT"
          test -z "$RECORD" || { printf 'RECORD='; tr -d '\\n' < "$RECORD"; echo; }
        env:
          STATE: \${{ steps.launch.outputs.state }}
          REASON: \${{ steps.launch.outputs.reason }}
          RESULT: \${{ steps.launch.outputs.result }}
          RECORD: \${{ steps.launch.outputs.record }}
`;

/** The step with the id `launch`; `inputs` are lines of YAML. */
function launchStep(...inputs: readonly string[]): string {
  return ["      - id: launch", "        uses: org/launch-action@v1", "        with:", ...inputs]
    .map((line, index) => (index < 3 ? line : `          ${line}`))
    .join("\n");
}

/** What the later step printed after `NAME=`. */
function printed(run: WorkflowRun, name: string): string {
  return new RegExp(`^${name}=(.*)$`, "m").exec(run.log)?.[1] ?? "";
}

/** The refs of runs in a repository; none when it is not there. */
function runsOf(repository: string): readonly string[] {
  if (!existsSync(repository)) return [];
  const refs = execFileSync("git", ["for-each-ref", "--format=%(refname)", "refs/launch/v1/r"], { cwd: repository });
  return refs
    .toString()
    .split("\n")
    .filter((line) => line !== "");
}

describeWith(["act"], "the action in a workflow", () => {
  let action: ActionCopy;
  let work: string;
  let state: string;
  let temporary: string;

  beforeAll(() => {
    action = copyAction();
    work = mkdtempSync(join(tmpdir(), "launch-acceptance-"));
  });
  afterAll(() => {
    action.remove();
    rmSync(work, { recursive: true, force: true });
  });
  beforeEach(({ task }) => {
    [state, temporary] = [join(work, task.id, "state"), join(work, task.id, "tmp")];
    for (const folder of [state, temporary]) mkdirSync(folder, { recursive: true });
  });

  async function run(
    content: ProjectContent,
    steps: string,
    more: Partial<Pick<WorkflowRequest, "secrets" | "environment">> = {},
  ): Promise<WorkflowRun & { readonly commit: string }> {
    const project = makeProject(content);
    const docker = process.env["DOCKER_HOST"];
    try {
      const ran = await runWorkflow({
        project: project.directory,
        action: action.directory,
        steps,
        environment: {
          LAUNCH_STATE_HOME: state,
          TMPDIR: temporary,
          LAUNCH_STORE: `git+file://${state}/store.git`,
          ...(docker === undefined ? {} : { DOCKER_HOST: docker }),
          ...more.environment,
        },
        secrets: more.secrets ?? {},
      });
      return { ...ran, commit: project.commit };
    } finally {
      project.remove();
    }
  }

  /** Nothing of the run may be left but its record, log and outputs in the state folder. */
  function expectNothingLeft(ran: WorkflowRun): void {
    const runId = ran.outputs["run-id"] ?? "";
    const folders = [temporary, join(state, "live"), join(state, "scratch")].filter((folder) => existsSync(folder));
    expect(remainsOf(runId === "" ? "no-run-id" : runId, folders), ran.transcript).toEqual([]);
  }

  test("launches a training job from the checked-out commit, and later steps read its outputs", async () => {
    const ran = await run({ from: ["examples/digits"] }, launchStep("spec: launch.yaml") + showOutputs);

    expect(ran.succeeded, ran.transcript).toBe(true);
    expect(ran.stages).toContain("launch Main success");
    expect(ran.stages).toContain("launch Post success");
    expect(ran.errors).toEqual([]);
    expect(printed(ran, "STATE")).toBe("[succeeded] REASON=[]");
    const record = recordSchema.parse(JSON.parse(printed(ran, "RECORD")));
    expect(record).toMatchObject({ run_id: ran.outputs["run-id"], state: "succeeded", source: { commit: ran.commit } });
    expect(record.metrics?.["accuracy"]).toBeGreaterThan(0.9);
    expect(resultSchema.parse(JSON.parse(printed(ran, "RESULT"))).run_id).toBe(record.run_id);
    expect(ran.log).toContain("epoch 30");
    expect(ran.summary).toContain("succeeded");
    expect(ran.summary).toContain("accuracy");
    expectNothingLeft(ran);
  });

  test("fails the step with one annotation when the job fails, and says why in its outputs", async () => {
    const files = {
      "fail.sh": "#!/bin/sh\necho before the end\necho 'out of luck' >&2\nexit 3\n",
      "launch.yaml": "name: unlucky\nuri: .\nresource: local-process\noverrides:\n  entry_point: [sh, fail.sh]\n",
    };
    const ran = await run({ files }, launchStep("spec: launch.yaml") + showOutputs);

    expect(ran.succeeded).toBe(false);
    expect(ran.stages).toContain("launch Main failure");
    expect(ran.stages).toContain("launch Post success");
    expect(ran.errors).toHaveLength(1);
    expect(ran.errors[0]?.message).toMatch(/exit.code.*3/);
    expect(printed(ran, "STATE")).toBe("[failed] REASON=[exit-code]");
    expect(recordSchema.parse(JSON.parse(printed(ran, "RECORD"))).state).toBe("failed");
    expect(ran.summary).toContain("out of luck");
    expectNothingLeft(ran);
  });

  test("points at the line and column of a fault in the spec, and runs nothing", async () => {
    const files = { "launch.yaml": "name: typo\nuri: .\nresource: kubernets\noverrides:\n  entry_point: [sh, x.sh]\n" };
    const ran = await run({ files }, launchStep("spec: launch.yaml") + showOutputs);

    expect(ran.succeeded).toBe(false);
    const [first] = ran.errors;
    expect(first?.properties).toMatchObject({ file: "launch.yaml", line: "3", col: "11" });
    expect(first?.message).toContain('"kubernets"');
    expect(first?.message).toContain('"kubernetes"');
    expect(printed(ran, "STATE")).toMatch(/REASON=\[bad-spec\]$/);
    expectNothingLeft(ran);
  });

  test("takes a spec written into the workflow, and keeps a secret out of log, summary and record", async () => {
    const secret = "s3cret-value-of-the-test";
    const files = { "show.sh": '#!/bin/sh\necho "token is $API_TOKEN"\necho "lr is in $LAUNCH_CONFIG"\n' };
    const spec = ["spec: |", "  resource: local-process", "  overrides:", "    entry_point: [sh, show.sh]"];
    const inputs = [...spec, "set: lr=0.5", "name: inline", "secrets: API_TOKEN=${{ secrets.API_TOKEN }}"];
    const ran = await run({ files }, launchStep(...inputs) + showOutputs, { secrets: { API_TOKEN: secret } });

    expect(ran.succeeded, ran.transcript).toBe(true);
    expect(ran.log).toContain("token is ***");
    expect(ran.log).toContain('lr is in {"lr":0.5}');
    expect(ran.outputs["run-id"]).toMatch(/^inline-/);
    for (const text of [ran.log, ran.summary, JSON.stringify(ran.outputs)]) expect(text).not.toContain(secret);
    expectNothingLeft(ran);
  });

  test("shows what would run and starts nothing with dry-run", async () => {
    const ran = await run(
      { from: ["examples/digits"] },
      launchStep("spec: launch.yaml", 'dry-run: "true"') + showOutputs,
    );
    expect(ran.succeeded, ran.transcript).toBe(true);
    expect(ran.log).toContain("node train.mjs --epochs 30");
    expect(ran.log).not.toContain("epoch 30");
    expectNothingLeft(ran);
  });

  describe("in a repository of its own", () => {
    const token = "token-of-this-job";
    const permissions = ["contents: write", "contents: read"] as const;
    const ownScript = {
      "ok.sh": "echo fine\n",
      "launch.yaml": "resource: local-process\noverrides: {entry_point: sh ok.sh}\n",
    };

    test.each(permissions)("keeps the record in its refs, or on this machine, with %s", async (permission) => {
      const root = join(state, "..", "served");
      const bare = join(root, "team", "train.git");
      execFileSync("git", ["init", "--quiet", "--bare", bare]);
      const server = await startGitServer({
        root,
        auth: { basic: [`x-access-token:${token}`] },
        intercept: ({ url }) =>
          permission === "contents: read" && url.includes("git-receive-pack")
            ? { kind: "answer", status: 403, body: "Write access to repository not granted." }
            : undefined,
      });
      try {
        const environment = { LAUNCH_STORE: "", GITHUB_SERVER_URL: server.url, GITHUB_REPOSITORY: "team/train" };
        const ran = await run({ files: ownScript }, launchStep("name: kept"), {
          environment,
          secrets: { GITHUB_TOKEN: token },
        });
        expect(ran.succeeded, ran.transcript).toBe(true);
        const [served, own] = [bare, join(state, "store.git")].map((repository) => runsOf(repository));
        const expected = [`refs/launch/v1/r/${ran.outputs["run-id"]}`];
        expect(served, ran.transcript).toEqual(permission === "contents: write" ? expected : []);
        expect(own, ran.transcript).toEqual(permission === "contents: write" ? [] : expected);
        expectNothingLeft(ran);
      } finally {
        await server.stop();
      }
    });
  });

  describeWith(["docker"], "with Docker", () => {
    afterAll(() => removeImages(imagesOf("launch/acceptance-pi")));

    test("builds the image from the commit's own Dockerfile and runs it by digest", async () => {
      const ran = await run(
        { from: ["examples/dockerfile"] },
        launchStep("spec: launch.yaml", "name: acceptance-pi") + showOutputs,
      );

      expect(ran.succeeded, ran.transcript).toBe(true);
      expect(ran.outputs["image-digest"]).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(ran.log).toContain("200000 throws");
      expect(recordSchema.parse(JSON.parse(printed(ran, "RECORD"))).metrics?.["pi"]).toBeCloseTo(Math.PI, 1);
      expectNothingLeft(ran);
    });
  });
});
