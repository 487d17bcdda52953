import { expect, test } from "vitest";
import { resolveSecrets } from "../../../src/launch/secrets.ts";

const places = { HF_TOKEN: { env: "MY_HF" }, KEY: { file: "/nowhere/key" } };

test("a value handed over wins over the place that the config names", async () => {
  const values = await resolveSecrets({
    wanted: { TOKEN: "HF_TOKEN" },
    given: { HF_TOKEN: "given-value" },
    places,
    environment: { MY_HF: "environment-value" },
  });
  expect(values).toEqual({ TOKEN: "given-value" });
});

test.each([
  [{ X: "HF_TOKEN" }, {}, /the variable MY_HF.*is not set/],
  [{ X: "KEY" }, {}, /the file \/nowhere\/key.*can't be read/],
  [{ X: "OTHER" }, { A: "aaaa" }, /secret "OTHER" is not known \(given here: A, HF_TOKEN, KEY\)/],
  [{ X: "A" }, { A: "abc" }, /shorter than 4/],
  [{ X: "constructor" }, {}, /is not known/],
])("a secret that can't be had is refused, saying where it was looked for: %j", async (wanted, given, message) => {
  await expect(resolveSecrets({ wanted, given, places, environment: {} })).rejects.toThrow(message);
});
