import { afterEach, expect, test, vi } from "vitest";
import { loadInputs, unknownInputs } from "../../../src/action/inputs.ts";

afterEach(() => vi.unstubAllEnvs());

function inputs(given: Readonly<Record<string, string>>): ReturnType<typeof loadInputs> {
  for (const [name, value] of Object.entries(given)) vi.stubEnv(`INPUT_${name.toUpperCase()}`, value);
  // The runner is told what to mask by the log.
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    return loadInputs();
  } finally {
    write.mockRestore();
  }
}

test("each kind of input is read in its way, under the name of its setting", () => {
  const { settings, agent, runs, secrets } = inputs({
    "git-version": " main ",
    "entry-point": "python train.py",
    args: '--name "a b"',
    set: "a=1\n\nb=2",
    env: "A=1\nB<<END\nx\ny\nEND",
    secrets: "TOKEN=abc",
    "dry-run": "TRUE",
    wait: "false",
    queues: "gpu, cpu",
    name: "n",
    runs: "a b",
  });
  expect(settings).toMatchObject({
    gitVersion: "main",
    entryPoint: "python train.py",
    args: ["--name", "a b"],
    set: ["a=1", "b=2"],
    env: ["A=1", "B=x\ny"],
    secretVariables: ["TOKEN"],
    dryRun: true,
    wait: false,
    name: "n",
  });
  expect(settings.queue).toBeUndefined();
  expect(agent).toMatchObject({ queues: ["gpu", "cpu"], agent: "n", drain: false });
  expect({ runs, secrets }).toEqual({ runs: ["a", "b"], secrets: { TOKEN: "abc" } });
});

test.each([
  [{ "dry-run": "yes" }, 'input dry-run is "yes"; give true or false'],
  [{ args: '"a' }, "input args: a quote in it is not closed"],
  [{ env: "A" }, "input env, line 1: give NAME=value"],
])("%j can't be read", (given, words) => {
  expect(() => inputs(given)).toThrow(words);
});

test("an input that there isn't is found by its name", () => {
  expect(unknownInputs({ INPUT_QUEUE: "", "INPUT_DRY-RUN": "", INPUT_QUEU: "gpu" })).toEqual(["queu"]);
});
