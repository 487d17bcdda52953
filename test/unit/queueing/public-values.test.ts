import { expect, test } from "vitest";
import { redactNothing } from "../../../src/core/output/redaction.ts";
import { refuseSecretValues } from "../../../src/queueing/public-values.ts";
import type { Json } from "../../../src/core/json.ts";

const environment = { WANDB_API_KEY: "0123456789abcdef", CACHE_TOKEN: "short", EDITOR: "vim-is-an-editor" };
const origins = [{ path: "overrides.args", value: [], origin: "launch.yaml:4:9" }];

function refusal(spec: Json): string {
  try {
    refuseSecretValues({
      spec,
      origins,
      environment,
      tokens: ["host-token"],
      known: redactNothing,
      storeIsHere: false,
    });
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

test("the value of a secret of this environment is refused wherever it is, by its place and without itself", () => {
  const message = refusal({ overrides: { args: ["--lr=1", "--key=0123456789abcdef"] } });
  expect(message).toMatch(/^overrides\.args\[1\] \(launch\.yaml:4:9\): the value is that of WANDB_API_KEY/);
  expect(message).not.toContain("0123456789abcdef");
  expect(refusal({ env: { URL: "https://x:host-token@example.org" } })).toMatch(/^env\.URL: .* a git host's token/);
});

test.each([
  `ghp_${"a1".repeat(18)}`,
  `github_pat_${"A1_".repeat(20)}`,
  `hf_${"x".repeat(34)}`,
  "AKIAIOSFODNN7EXAMPLE",
  "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
])("%s is a token by its form", (value) => {
  expect(refusal({ overrides: { run_config: { deep: [{ key: value }] } } })).toMatch(
    /^overrides\.run_config\.deep\[0\]\.key: the value is a token by its form/,
  );
});

test.each(["short", "vim-is-an-editor", "--max-tokens=512", "sk-learn", "hf_model", "0.1"])(
  "%s is an ordinary value",
  (value) => {
    expect(refusal({ overrides: { args: [value] }, env: { A: value } })).toBe("");
  },
);
