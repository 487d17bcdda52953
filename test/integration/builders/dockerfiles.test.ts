import { afterAll, expect, it, vi } from "vitest";
import { LaunchError } from "../../../src/core/errors.ts";
import { codeSource } from "../../support/launch/code-source.ts";
import { buildBench } from "../../support/docker/docker-builder.ts";
import { docker } from "../../support/docker/docker.ts";
import { describeWithDocker } from "../../support/engines.ts";

const bench = buildBench("dockerfiles");
afterAll(() => bench.removeImages());

describeWithDocker("own Dockerfiles", () => {
  it("builds Dockerfile.wandb beside the script, with the script's folder as context", async () => {
    const source = codeSource({
      Dockerfile: "FROM scratch\n",
      "jobs/a/Dockerfile.wandb": "FROM busybox\nWORKDIR /w\nCOPY . .\n",
      "jobs/a/run.sh": "ls\n",
      "jobs/b/other.sh": "",
    });
    const image = await bench.run(source, { entryPoint: ["sh", "jobs/a/run.sh"] });
    expect(image.plan).toMatchObject({ context: "jobs/a", entryPoint: ["sh", "run.sh"] });
    expect(docker("run", "--rm", image.reference, ...(image.plan.entryPoint ?? []))).toBe("Dockerfile.wandb\nrun.sh");
  });

  it("leaves out what .dockerignore names, and a Dockerfile's own ignore file wins over it", async () => {
    const files = {
      "a.Dockerfile": "FROM busybox\nCOPY . /w\n",
      "b.Dockerfile": "FROM busybox\nCOPY . /w\n",
      "b.Dockerfile.dockerignore": "kept\n*Dockerfile*\n.dockerignore\n",
      ".dockerignore": "secret\n*Dockerfile*\n.dockerignore\n",
      kept: "",
      secret: "",
    };
    const a = await bench.run(codeSource(files), { dockerfile: "a.Dockerfile" });
    const b = await bench.run(codeSource(files), { dockerfile: "b.Dockerfile" });
    expect(docker("run", "--rm", a.reference, "ls", "-A", "/w")).toBe("kept");
    expect(docker("run", "--rm", b.reference, "ls", "-A", "/w")).toBe("secret");
  });

  it("pins a base image that only the engine has, and build arguments choose it", async () => {
    const source = codeSource({
      Dockerfile: "ARG BASE=nothing-like-it\nFROM ${BASE} AS one\nFROM one\nRUN cat /mark\n",
    });
    const base = bench.tag("base");
    docker(
      "build",
      "--quiet",
      "--tag",
      base,
      "-f",
      bench.file("Dockerfile", "FROM busybox\nRUN echo mark >/mark\n"),
      bench.folder(),
    );
    const image = await bench.run(source, {}, { "build-args": { BASE: base } });
    expect(image.plan.bases).toEqual([
      { reference: base, digest: docker("image", "inspect", "--format", "{{.Id}}", base) },
    ]);
  });

  it("remembers a base image's digest for minutes where it has a folder for that, and asks anew without", async () => {
    const source = codeSource({ Dockerfile: `FROM ${bench.tag("moving")}\n` });
    const move = (mark: string): string => {
      const text = `FROM busybox\nRUN echo ${mark} >/mark\n`;
      docker("build", "--quiet", "--tag", bench.tag("moving"), "-f", bench.file("Dockerfile", text), bench.folder());
      return docker("image", "inspect", "--format", "{{.Id}}", bench.tag("moving"));
    };
    const first = move("one");
    const cacheDirectory = bench.folder("remembered");
    const digestOf = async (extra: { cacheDirectory?: string }) =>
      (await bench.run(source, {}, {}, extra)).plan.bases[0]?.digest;
    expect(await digestOf({ cacheDirectory })).toBe(first);
    const second = move("two");
    expect(await digestOf({ cacheDirectory })).toBe(first);
    expect(await digestOf({})).toBe(second);
  });

  it("says when the engine can't be reached", async () => {
    vi.stubEnv("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    const message: unknown = expect.stringContaining("is Docker running");
    await expect(bench.run(codeSource({ Dockerfile: "FROM scratch\n" }))).rejects.toMatchObject({
      code: "tool-missing",
      message,
    });
  });

  it("gives a secret to the step that mounts it, and to nothing else", async () => {
    const source = codeSource({
      Dockerfile: "FROM busybox\nRUN --mount=type=secret,id=TOKEN wc -c </run/secrets/TOKEN >/size\n",
    });
    const image = await bench.run(
      source,
      {},
      { secrets: ["TOKEN"] },
      { buildSecrets: { TOKEN: "s3cr3t-value", OTHER: "x" } },
    );
    expect(docker("run", "--rm", image.reference, "cat", "/size")).toBe("12");
    expect(docker("image", "history", "--no-trunc", image.reference)).not.toContain("s3cr3t-value");
    await expect(
      bench.run(source, {}, { secrets: ["ABSENT"], "no-cache": true, "build-args": { A: "b" } }),
    ).rejects.toMatchObject({
      code: "bad-config",
    });
  });

  it("says which step failed, where it is in the Dockerfile, and the last 40 lines of its output", async () => {
    const lines = "RUN i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo line $i; done; exit 3";
    const source = codeSource({ Dockerfile: `FROM busybox\nWORKDIR /w\n${lines}\n` });
    const failure = await bench.run(source).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(failure instanceof LaunchError)) throw new Error("the build must fail");
    expect(failure.code).toBe("build-failed");
    expect(failure.message).toMatch(/^the build of Dockerfile failed at \[\d\/3\] RUN i=0; .*; exit 3: exit code: 3$/);
    expect(failure.detail).toContain(`   3 | >>> ${lines}`);
    expect(failure.detail.slice(-40)).toEqual(Array.from({ length: 40 }, (_, index) => `line ${index + 21}`));
    expect(failure.detail).not.toContain("line 20");
  });

  it("names a base image that is nowhere", async () => {
    const source = codeSource({ Dockerfile: "FROM registry.invalid/no/such:1\n" });
    await expect(bench.run(source)).rejects.toMatchObject({
      code: "build-failed",
      message: expect.stringContaining('base image "registry.invalid/no/such:1" was not found') as string,
    });
  });

  it("is over within seconds when it is cancelled or late, and nothing of it goes on", async () => {
    const sleep = `sleep 6${process.pid}`;
    const source = codeSource({ Dockerfile: `FROM busybox\nRUN ${sleep}\n` });
    const cancel = new AbortController();
    const running = bench.run(source, {}, {}, {}, cancel.signal);
    // Not while the engine is still starting the step: it may lose a container that is called off in that moment.
    await vi.waitFor(() => expect(bench.processes(sleep)).toHaveLength(1), { timeout: 20_000, interval: 50 });
    cancel.abort();
    await expect(running).rejects.toMatchObject({ code: "cancelled" });
    await expect(bench.run(source, {}, { timeout: "4s" })).rejects.toMatchObject({ code: "timeout" });
    // BuildKit ends the step when buildx is gone, a moment later.
    await vi.waitFor(() => expect(bench.processes(sleep)).toEqual([]), { timeout: 10_000, interval: 100 });
  });
});
