import { expect, test } from "vitest";
import { ownRedaction } from "../../../../src/core/output/own-secrets.ts";

const value = "0123-the-value-4567";

test.each([
  ...["GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "INPUT_GITHUB-TOKEN", "INPUT_TOKEN"],
  ...["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "WANDB_API_KEY", "PGPASSWORD", "REGISTRY_PASSWORD", "HF_TOKEN"],
  ...["APP_PRIVATE_KEY", "AZURE_CLIENT_SECRET", "LAUNCH_GITHUB_TOKEN"],
])("the value of %s is taken out of words", (name) => {
  expect(ownRedaction({ [name]: value })()(`it was ${value}`)).toBe("it was ***");
});

test("the password of a store's URL is taken out, as it stands there and as it is", () => {
  const redact = ownRedaction({ LAUNCH_STORE: "postgres://launch:pa%20ss-word@host/db" })();
  expect(redact("pa%20ss-word, pa ss-word")).toBe("***, ***");
});

test.each([
  ["TOKENIZERS_PARALLELISM", "disabled-here"],
  ["GITHUB_REPOSITORY", "octocat/train-digits"],
  ["SHORT_TOKEN", "abc"],
  ["LAUNCH_STORE", "git+https://github.com/octocat/train"],
])("%s=%s is none", (name, text) => {
  expect(ownRedaction({ [name]: text })()(text)).toBe(text);
});
