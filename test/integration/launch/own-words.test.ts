import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { launch } from "../../../src/launch/launch.ts";
import { type LaunchPlace, launchPlace, launchRequest } from "../../support/launch/launching.ts";
import { saidTo } from "../../support/log.ts";
import { makeProject, type Project } from "../../support/launch/project.ts";

/*
 * A secret may be a piece of our own sentences. Where it stands in them they stay as they are; where a run, a file or a tool has said it,
 * it is taken out. What others write in this run has no letters but Q, X and Z, so that both can be told apart.
 */

let project: Project;
let place: LaunchPlace;
const never = new AbortController().signal;
const script = "#!/bin/sh\ncat $QXZ\necho QXQ > $LAUNCH_OUTPUT_DIR/QZ\nexit 7\n";

beforeEach(() => {
  project = makeProject({ files: { "QX.Z": script } });
});
afterEach(() => project.remove());

/** A run's sentences, by door; times and ids are other ones each time. */
async function told(
  values: readonly string[],
  untracked: string,
): Promise<Record<"log" | "record" | "output", readonly string[]>> {
  place = await launchPlace();
  const lines: string[] = [];
  const log = saidTo({
    phase: ({ phase, status, detail }) => void lines.push(`${phase} ${status} ${detail}`),
    output: () => undefined,
    info: (message) => void lines.push(`info ${message}`),
    warning: (message) => void lines.push(`warning ${message}`),
    debug: (message) => void lines.push(`debug ${message}`),
  });
  const secrets = Object.fromEntries(values.map((value, index) => [`S${index}`, value]));
  writeFileSync(join(project.directory, untracked), "");
  const file = join(place.state.path, "..", "told");
  writeFileSync(file, values.map((value) => `QQ ${value} QQ`).join("\n"));
  try {
    const request = await launchRequest({
      spec: {
        uri: ".",
        name: "qxz",
        run_id: "qxz-1",
        resource: "local-process",
        overrides: { entry_point: ["./QX.Z"] },
        env: { QXZ: file },
        secrets: Object.fromEntries(Object.keys(secrets).map((name) => [name, name])),
      },
      baseDirectory: project.directory,
    });
    const result = await launch({ ...request, includeUntracked: false, secrets }, { ...place.services, log }, never);
    const { record } = result;
    const plain = (text: string): string => text.replace(/\d+(?:\.\d+)? (?:ms|s)\b/g, "1 s").trim();
    return {
      log: lines.map(plain),
      record: [record.state, record.reason ?? "", record.message ?? "", record.run_id, ...record.warnings.map(plain)],
      output: result.lastLines,
    };
  } finally {
    rmSync(join(project.directory, untracked));
    await place.remove();
  }
}

test("a secret that is a piece of them leaves our own words as they are behind every door, and no run tells it", async () => {
  const untracked = "QZXQZX";
  const plain = await told([], untracked);
  const sentences = [...plain.log, ...plain.record].filter((text) => text.length >= 8);
  expect(sentences).toEqual(expect.arrayContaining([expect.stringContaining("failed (exit-code 7) after")]));
  expect(sentences).toEqual(expect.arrayContaining([expect.stringContaining("1 untracked file left out")]));
  const piece = fc
    .record({ of: fc.constantFrom(...sentences), from: fc.nat(), length: fc.integer({ min: 4, max: 24 }) })
    .map(({ of, from, length }) => of.slice(from % of.length, (from % of.length) + length).trim())
    .filter((text) => text.length >= 4 && !/[QXZ.qz]/.test(text));
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 5 }), async (values) => {
      const { output, ...ours } = await told(values, untracked);
      expect(ours).toEqual({ log: plain.log, record: plain.record });
      expect(output).toEqual(values.map(() => "QQ *** QQ"));
    }),
    { numRuns: 40, endOnFailure: true },
  );
}, 120_000);

test("what others have named so is taken out of the sentence that quotes it, and the sentence stays", async () => {
  const secret = "left";
  const { log } = await told([secret], `QZ-${secret}-QZ`);
  expect(log.find((line) => line.startsWith("warning"))).toBe(
    "warning 1 untracked file left out: QZ-***-QZ; add what the run needs with git add, or take all with --include-untracked",
  );
}, 30_000);
