import { describe, expect, it } from "vitest";
import { redactFields } from "../../../src/core/output/redacted-fields.ts";
import { redactionOf } from "../../../src/core/output/redaction.ts";
import { runRecordSchema, type RunRecord } from "../../../src/run/record.ts";
import { recordWords } from "../../../src/run/redaction/record-words.ts";
import { queuedRecord } from "../../support/stores/run-record.ts";

function clean(record: RunRecord, ...secrets: string[]): RunRecord {
  return redactFields(record, recordWords, redactionOf(secrets));
}

const record: RunRecord = {
  ...queuedRecord("train-2026-abc", { state: "succeeded" }),
  name: "train",
  project: "train",
  args: ["train", "--seed=2026", "--name=succ"],
  run_config: { train: { "2026": [2026, 20_261, true], lr: 0.1 } },
  env: { LAUNCH_RUN_ID: "train-2026-abc", WANDB_NAME: "train", HOW: "train", train: "2026" },
  metrics: { train_loss: 0.5, epochs: 2026 },
  warnings: ["train has no succ in 2026"],
  outputs: [{ path: "train/2026.txt", bytes: 2026, sha256: "2026".repeat(16) }],
};

describe("a secret in a record", () => {
  it("that is an ordinary word leaves ids, names, states, times, hashes and counts as they are", () => {
    const now = clean(record, "train", "2026", "succ", "resource", "local");
    expect(now).toMatchObject({
      run_id: "train-2026-abc",
      name: "train",
      project: "train",
      state: "succeeded",
      resource: record.resource,
      created_at: record.created_at,
      env: { LAUNCH_RUN_ID: "train-2026-abc", WANDB_NAME: "train" },
      outputs: [{ bytes: 2026, sha256: "2026".repeat(16) }],
    });
    expect(runRecordSchema.safeParse(now).success).toBe(true);
  });

  it("is taken out of what others wrote: strings, keys and numbers", () => {
    const now = clean(record, "train", "2026", "succ");
    expect(now.args).toEqual(["***", "--seed=***", "--name=***"]);
    expect(now.run_config).toEqual({ "***": { "***": ["***", "***1", true], lr: 0.1 } });
    expect(now.env).toMatchObject({ HOW: "***", "***": "***" });
    expect(now.metrics).toEqual({ "***_loss": 0.5 });
    expect(now.warnings).toEqual(["*** has no *** in ***"]);
    expect(now.outputs?.[0]?.path).toBe("***/***.txt");
  });

  it("that is no word is taken out of names too", () => {
    const secret = "correct-horse-battery";
    const now = clean({ ...record, project: secret, by: `ada (${secret})` }, secret);
    expect(now).toMatchObject({ project: "***", by: "ada (***)" });
  });

  it("leaves what a queue goes by as its submitter wrote it", () => {
    const queued = {
      queue: "train",
      definition: "d",
      submitted: { overrides: { args: ["train"] } },
      source: { kind: "image", image: "train" },
    } as const;
    expect(clean({ ...record, queued }, "train").queued).toEqual(queued);
  });

  it("keeps keys apart that become the same, also one that is called __proto__", () => {
    const config: unknown = JSON.parse('{"a-secret": 1, "b-secret": 2, "__proto__": {"x": "secret"}}');
    if (typeof config !== "object" || config === null) throw new Error("no object");
    const keys = { "secret-a": 1, "secret-b": 2 };
    const now = clean({ ...record, run_config: { ...config, keys } }, "a-secret", "b-secret", "secret");
    expect(Object.keys(now.run_config)).toEqual(["***", "*** 2", "__proto__", "keys"]);
    expect(JSON.stringify(now.run_config)).not.toContain("secret");
  });
});
