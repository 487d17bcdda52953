import { describe, expect, it } from "vitest";
import { buildWords } from "../../../../src/builders/docker/build-words.ts";
import { redactionOf } from "../../../../src/core/output/redaction.ts";
import { buildProgress } from "../../../../src/clients/docker/build-progress.ts";

type Vertex = { name: string; started?: string; completed?: string; cached?: boolean; error?: string };
const event = (...vertexes: readonly Vertex[]) =>
  JSON.stringify({ vertexes: vertexes.map((vertex) => ({ digest: `sha256:${vertex.name}`, ...vertex })) });
const logs = (name: string, text: string) =>
  JSON.stringify({ logs: [{ vertex: `sha256:${name}`, stream: 1, data: Buffer.from(text).toString("base64") }] });
const started = "2026-01-01T00:00:00Z";
const completed = "2026-01-01T00:00:01Z";

describe("buildx's progress", () => {
  it("says each step once when it starts, without its mounts and variables", () => {
    const progress = buildProgress();
    const name = "[stage-1 4/7] RUN --mount=type=cache,target=/x A=1 B=/y uv pip   install";
    expect(progress.feed(event({ name }))).toBeUndefined();
    expect(progress.feed(event({ name, started }))).toBe("step 4/7 RUN uv pip install");
    expect(progress.feed(event({ name, started }))).toBeUndefined();
    expect(progress.feed(event({ name, started, completed }))).toBeUndefined();
    expect(progress.feed(event({ name: "[internal] load metadata for x", started }))).toBeUndefined();
    expect(progress.feed(event({ name: "exporting to image", started }))).toBe("exporting to image");
  });

  it("has no part of a secret where a step is cut to its first words", () => {
    const secret = "s3cr3t-value-of-a-build";
    const redact = redactionOf([secret]);
    for (let before = 20; before < 80; before++) {
      const name = `[2/4] RUN ${"x".repeat(before)}${secret} --more`;
      const progress = buildProgress(redact);
      expect(progress.feed(event({ name, started }))).not.toContain("s3c");
      progress.feed(event({ name, started, completed, error: `process "${secret}" failed` }));
      expect(JSON.stringify([progress.steps(), progress.failure()])).not.toContain("s3c");
    }
  });

  it("keeps the failed step with the last 40 lines of its own output, not of what it took along", () => {
    const progress = buildProgress();
    progress.feed(event({ name: "[1/2] RUN a", started }, { name: "[2/2] RUN b", started }));
    progress.feed(logs("[1/2] RUN a", "other\n"));
    for (let line = 1; line <= 50; line++) {
      progress.feed(logs("[2/2] RUN b", "li"));
      progress.feed(logs("[2/2] RUN b", `ne ${line}\n`));
    }
    progress.feed(event({ name: "[1/2] RUN a", started, completed, error: "context canceled" }));
    progress.feed(event({ name: "[2/2] RUN b", started, completed, error: "exit code: 1" }));
    progress.feed("Dockerfile:2");
    progress.feed("ERROR: failed to solve");
    expect(progress.failure()).toEqual({
      step: "[2/2] RUN b",
      ofInstruction: true,
      error: "exit code: 1",
      output: Array.from({ length: 40 }, (_, index) => `line ${index + 11}`),
    });
    expect(progress.lastWords()).toEqual(["Dockerfile:2", "ERROR: failed to solve"]);
  });

  it.each([
    ["[2/2] RUN b", true],
    ["[build 1/3] COPY . .", true],
    ["[1/2] FROM registry.example/base@sha256:00", false],
    ["[internal] load metadata for registry.example/base", false],
    ["exporting to image", false],
  ])("tells of the failed %j whether the Dockerfile ran it: %s", (name, ofInstruction) => {
    const progress = buildProgress();
    progress.feed(event({ name, started, completed, error: "x" }));
    expect(progress.failure()).toMatchObject({ step: name, ofInstruction });
  });

  it("shows of a progress bar what it came to", () => {
    const progress = buildProgress();
    progress.feed(logs("[1/1] RUN a", "10 %\r50 %\r100 %\r\ndone\n"));
    progress.feed(event({ name: "[1/1] RUN a", started, completed, error: "x" }));
    expect(progress.failure()?.output).toEqual(["100 %", "done"]);
  });

  it("takes lines that are no JSON, or other JSON, as words or as nothing", () => {
    const progress = buildProgress();
    for (const line of ["{broken", '{"vertexes": 3}', "", "plain"]) progress.feed(line);
    expect(progress.lastWords()).toContain("plain");
    expect(progress.steps()).toEqual([]);
  });
});

describe("a build in words", () => {
  const wordsOf = (vertexes: readonly Vertex[]) => {
    const progress = buildProgress();
    progress.feed(event({ name: "[1/4] FROM a", started, completed }, ...vertexes));
    return buildWords(progress.steps());
  };
  const ran = (name: string): Vertex => ({ name, started, completed });
  const cached = (name: string): Vertex => ({ name, started, completed, cached: true });

  it.each<[string, readonly Vertex[]]>([
    ["code layer only, dependencies cached", [cached("[2/4] RUN a"), ran("[3/4] COPY . .")]],
    ["all layers cached", [cached("[2/4] RUN a"), cached("[3/4] COPY . .")]],
    ["2 steps run", [ran("[2/4] RUN a"), ran("[3/4] COPY . .")]],
    ["2 steps run, 1 cached", [cached("[2/4] RUN a"), ran("[3/4] RUN b"), ran("[4/4] COPY . .")]],
    ["1 step run", [ran("[2/2] COPY . .")]],
  ])("is: %s", (words, vertexes) => {
    expect(wordsOf(vertexes)).toBe(words);
  });
});
