import { afterAll, expect, it } from "vitest";
import { codeSource } from "../../support/launch/code-source.ts";
import { buildBench } from "../../support/docker/docker-builder.ts";
import { docker } from "../../support/docker/docker.ts";
import { describeWithDocker } from "../../support/engines.ts";

const bench = buildBench("generated");
afterAll(() => bench.removeImages());

/** Differs from run to run: what an earlier one left in the builder's cache must not be found. */
const nonce = `# ${Date.now()}`;
/** The time of a commit of another day, which no earlier run of these tests has had. */
const day = (number: number) => ({ commitTime: Math.floor(Date.now() / 1_000) - number * 86_400 });
const project = {
  ".python-version": "3.11\n",
  "requirements.txt": "six==1.17.0\n",
  "train.py": `${nonce}\nimport getpass, os, six\nopen('out', 'w')\nprint(six.__version__, os.getuid(), getpass.getuser(), os.getcwd())\n`,
};
const python = ["python", "train.py"];
const minutes = 180_000;

/** uv's lock of a project that needs six, as `uv lock` writes it. */
const uvLock = `version = 1
revision = 3
requires-python = "==3.11.*"

[[package]]
name = "demo"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "six" }]

[package.metadata]
requires-dist = [{ name = "six" }]

[[package]]
name = "six"
version = "1.16.0"
source = { registry = "https://pypi.org/simple" }
wheels = [
    { url = "https://files.pythonhosted.org/packages/d9/5a/e7c31adbe875f2abbb91bd84cf2dc52d792b5a01506781dbcf25c91daf11/six-1.16.0-py2.py3-none-any.whl", hash = "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254" },
]
`;
const pyproject = '[project]\nname = "demo"\nversion = "0.1.0"\nrequires-python = "==3.11.*"\ndependencies = ["six"]\n';

describeWithDocker("generated Dockerfiles", () => {
  it(
    "installs the requirements, may write where it works, and is named by its digest",
    async () => {
      const image = await bench.run(codeSource(project, day(1)));
      expect(image.outcome).toBe("built");
      expect(image.reference).toBe(`launch/${bench.name}@${image.digest}`);
      expect(image.plan.bases.map(({ reference }) => reference)).toEqual(["python:3.11-slim"]);
      expect(image.plan.bases[0]?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(docker("run", "--rm", image.reference, ...python)).toBe("1.17.0 1000 launch /app");
      expect(image.reproducible).toMatchObject({ yes: false });
      expect(
        bench
          .log()
          .events.map(({ detail }) => detail)
          .join("\n"),
      ).toMatch(/^step \d+\/\d+ \w+/m);
    },
    minutes,
  );

  it("finds an image of the same inputs, without a context", async () => {
    const source = codeSource(project);
    expect(await bench.run(source)).toMatchObject({ outcome: "unchanged", words: "unchanged, not built" });
    expect(source.exports).toBe(0);
  });

  it("is not built again when only files outside of its folder changed", async () => {
    const job = { "job/.python-version": "3.11\n", "job/train.py": `${nonce}\n` };
    const options = { subdirectory: "job" };
    const first = await bench.run(codeSource({ ...job, other: "1" }, options));
    const second = await bench.run(codeSource({ ...job, other: "2" }, options));
    expect(second).toMatchObject({ outcome: "unchanged", digest: first.digest });
  });

  it(
    "installs nothing when only code changed, and again when requirements did",
    async () => {
      const code = await bench.run(codeSource({ ...project, "train.py": `${nonce}\nprint('changed')\n` }, day(9)));
      expect(code).toMatchObject({ outcome: "built", words: "code layer only, dependencies cached" });
      expect(docker("run", "--rm", code.reference, ...python)).toBe("changed");
      const listed = await bench.run(codeSource({ ...project, "requirements.txt": `${nonce}\nsix==1.16.0\n` }));
      expect(listed.words).not.toContain("dependencies cached");
      expect(docker("run", "--rm", listed.reference, ...python)).toMatch(/^1\.16\.0 /);
    },
    minutes,
  );

  it(
    "installs from uv.lock rather than from what else is there",
    async () => {
      const source = codeSource({ ...project, "pyproject.toml": pyproject, "uv.lock": uvLock });
      const image = await bench.run(source);
      expect(docker("run", "--rm", image.reference, ...python)).toMatch(/^1\.16\.0 /);
      expect(bench.log().lines).toContain("Dockerfile: requirements.txt is not used: uv.lock wins");
    },
    minutes,
  );

  it(
    "installs the dependencies of a pyproject.toml, not the project, and finds its src folder",
    async () => {
      const image = await bench.run(
        codeSource({
          "pyproject.toml": pyproject.replace('"six"', '"six==1.16.0"'),
          "src/demo/__init__.py": "word = 'from src'\n",
          "train.py": "import demo, six\nprint(demo.word, six.__version__)\n",
        }),
      );
      expect(docker("run", "--rm", image.reference, ...python)).toBe("from src 1.16.0");
    },
    minutes,
  );

  it(
    "follows -r and -c of requirement files, in the run's own folder",
    async () => {
      const files = {
        "job/.python-version": "3.11\n",
        "job/requirements.txt": "-r deps/base.txt\n",
        "job/deps/base.txt": "six  # any\n-c limits.txt\n",
        "job/deps/limits.txt": "six==1.16.0\n",
        "job/train.py": project["train.py"],
        "elsewhere.txt": "",
      };
      const image = await bench.run(codeSource(files, { subdirectory: "job" }), { userId: 0 });
      expect(docker("run", "--rm", image.reference, ...python)).toBe("1.16.0 0 root /app");
      expect(docker("run", "--rm", image.reference, "ls")).not.toContain("elsewhere");
    },
    minutes,
  );

  it(
    "installs the project itself where requirements.txt says -e .",
    async () => {
      const image = await bench.run(
        codeSource({
          ".python-version": "3.11\n",
          "requirements.txt": "-e .\n",
          "setup.py": "from setuptools import setup\nsetup(name='demo', version='1', py_modules=['demo'])\n",
          "demo.py": "word = 'editable'\n",
          "jobs/train.py": "import demo\nprint(demo.word, demo.__file__)\n",
        }),
      );
      expect(docker("run", "--rm", image.reference, "python", "jobs/train.py")).toBe("editable /app/demo.py");
    },
    minutes,
  );

  it(
    "puts uv's environment on another base image when the request names one",
    async () => {
      const base = bench.tag("accelerator");
      const text = "FROM python:3.11-slim\nRUN touch /accelerator\n";
      docker("build", "--quiet", "--tag", base, "-f", bench.file("Dockerfile", text), bench.folder());
      const image = await bench.run(codeSource(project), { baseImage: base });
      expect(image.plan.bases.map(({ reference }) => reference).sort()).toEqual([base, "python:3.11-slim"].sort());
      const said = docker("run", "--rm", image.reference, "sh", "-c", "ls /accelerator && python train.py");
      expect(said).toMatch(/^\/accelerator\n1\.17\.0 /);
    },
    minutes,
  );
});
