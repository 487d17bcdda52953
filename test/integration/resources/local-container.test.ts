import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { totalmem } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { reclaim } from "../../../src/resources/local-container/reclaim.ts";
import type { StartWait } from "../../../src/resources/start-wait.ts";
import { localContainerArgsSchema } from "../../../src/resources/local-container/schema.ts";
import { docker, dockerConfigText, guardedRegistry } from "../../support/docker/docker.ts";
import { describeWithDocker } from "../../support/engines.ts";
import { failureOf } from "../../support/failure.ts";
import { followed, noWaits, resourceBench, run, testImage } from "../../support/launch/resource.ts";

const registry = process.env["LAUNCH_TEST_REGISTRY"];
const signal = new AbortController().signal;

describeWithDocker("a run in a container", () => {
  const bench = resourceBench("local-container");
  afterEach(() => void vi.unstubAllEnvs());
  const args = (value: unknown) => localContainerArgsSchema.parse(value);

  test("that needs more memory than it may have is out of memory", async () => {
    const request = bench.request("exec dd if=/dev/zero of=/dev/null bs=300M count=1");
    const { outcome } = await run(await bench.open(args({ memory: "32m", "memory-swap": "32m" })), request);
    expect(outcome).toMatchObject({ kind: "failed", reason: "out-of-memory", exitCode: 137 });
  });

  test.each<[unknown, (memory: number) => number]>([
    [{}, (memory) => memory / 2],
    [{ memory: "64m" }, () => 32 * 2 ** 20],
    [{ m: "1.5g" }, () => 768 * 2 ** 20],
    [{ memory: 100_000_000 }, () => 50_000_000],
    [{ memory: "900t" }, (memory) => memory / 2],
    [{ memory: "64m", "shm-size": "8m" }, () => 8 * 2 ** 20],
    [{ "shm-size": "1 GiB" }, () => 2 ** 30],
  ])("has half of its memory at /dev/shm, or what it asks for: %j", async (asked, expected) => {
    const { stdout, outcome } = await run(await bench.open(args(asked)), bench.request("df -k /dev/shm | tail -1"));
    expect(outcome).toEqual({ kind: "exited", exitCode: 0 });
    const kilobytes = Number(stdout.split(/\s+/)[1]);
    // In whole pages.
    expect(Math.abs(kilobytes - expected(totalmem()) / 1_024)).toBeLessThan(5);
  });

  test("that SIGBUS ended says what it most often lacks, and another signal's end doesn't", async () => {
    const signalled = async (name: string) =>
      (await run(await bench.open(), bench.request(`kill -${name} $$`))).outcome;
    expect(await signalled("BUS")).toMatchObject({ reason: "exit-code", exitCode: 135 });
    expect(await signalled("BUS")).toHaveProperty("message", expect.stringContaining("shm-size"));
    expect(await signalled("SEGV")).toEqual({ kind: "exited", exitCode: 139 });
  });

  test.each(["no-such-program", "./no-such-script.sh", "/no/such/program"])(
    "whose command is %s was not started, and says which program its image lacks",
    async (program) => {
      const { outcome } = await run(await bench.open(), bench.request("", { command: [program] }));
      expect(outcome).toMatchObject({ kind: "failed", reason: "submit-failed" });
      expect(outcome).toHaveProperty("message", `${testImage} has no program "${program}"`);
    },
  );

  test("that the engine can't start fails with the engine's words", async () => {
    const request = bench.request("", { command: ["/etc/passwd"] });
    const { outcome } = await run(await bench.open(args({ user: "no-such-user" })), request);
    expect(outcome).toMatchObject({ kind: "failed", reason: "submit-failed" });
    expect(outcome).toHaveProperty("message", expect.stringContaining("no-such-user"));
  });

  test("whose image nobody has fails as image-pull, in docker's words", async () => {
    const image = { reference: "localhost:1/no/such:1", digest: undefined };
    const waited: unknown[] = [];
    const running = run(await bench.open(), bench.request("true", { image }), (wait) => waited.push(wait));
    const { code, message } = await failureOf(running);
    expect(code).toBe("image-pull");
    expect(message).toContain("localhost:1");
    expect(statSync(bench.folder("output")).mode & 0o7777).toBe(0o755);
    expect(waited).toEqual([{ kind: "image-pull", subject: "localhost:1/no/such:1" }]);
  });

  test.runIf(registry)("pulls an image that the engine does not have", async () => {
    const reference = `${registry}/launch-pull-test-${process.pid}:1`;
    docker("tag", testImage, reference);
    docker("push", "--quiet", reference);
    docker("image", "rm", reference);
    const request = bench.request("echo pulled", { image: { reference, digest: undefined } });
    const waited: (StartWait | undefined)[] = [];
    const { stdout } = await run(await bench.open(), request, (wait) => waited.push(wait));
    expect(stdout).toBe("pulled\n");
    expect(waited[0]).toEqual({ kind: "image-pull", subject: reference });
    expect(waited.at(-1)).toBeUndefined();
    docker("image", "rm", reference);
  });

  test.runIf(registry)(
    "pulls with a login that is fresh when it is needed, and leaves nothing of it behind",
    async () => {
      const guarded = await guardedRegistry(registry ?? "", "robot", "p:ss");
      const reference = `${guarded.host}/launch-login-test-${process.pid}:1`;
      const there = `${registry}/launch-login-test-${process.pid}:1`;
      docker("tag", testImage, there);
      docker("push", "--quiet", there);
      docker("image", "rm", there);
      const image = { reference, digest: undefined };
      const login = { host: guarded.host, username: "robot", password: "p:ss", expiresAt: undefined };
      let asked = 0;
      const scratch = bench.folder("tmp");
      const ended = { scratch, credential: () => Promise.resolve({ ...login, password: "too old" }) };
      const credential = () => Promise.resolve({ ...login, password: asked++ === 0 ? "too old" : login.password });
      const pull = { scratch, credential };
      try {
        const before = dockerConfigText();
        const anonymous = run(await bench.open(), bench.request("echo pulled", { image }));
        await expect(anonymous).rejects.toMatchObject({ code: "image-pull" });
        const old = run(await bench.open(), bench.request("echo pulled", { image: { ...image, pull: ended } }));
        await expect(old).rejects.toMatchObject({ code: "image-pull" });
        const renewed = await run(await bench.open(), bench.request("echo pulled", { image: { ...image, pull } }));
        expect(renewed.stdout).toBe("pulled\n");
        await run(await bench.open(), bench.request("true", { image: { ...image, pull } }));
        expect(asked).toBe(2);
        expect(readdirSync(bench.folder("tmp"))).toEqual([]);
        expect(dockerConfigText()).toBe(before);
      } finally {
        guarded.close();
        docker("image", "rm", "--force", reference);
      }
    },
  );

  test("reads what the config allows, by its real path, and can't write to it", async () => {
    mkdirSync(bench.folder("data, of all"));
    writeFileSync(bench.folder("data, of all/x"), "from here");
    symlinkSync(bench.folder("data, of all"), bench.folder("link"));
    const mounts = [{ path: bench.folder("data, of all"), readOnly: true }];
    const resource = await bench.open(args({ volume: `${bench.folder("link")}:/data` }), { mounts });
    const { outcome, stdout, stderr } = await run(resource, bench.request("cat /data/x; touch /data/y"));
    expect(stdout).toBe("from here");
    expect(stderr).toContain("Read-only file system");
    expect(outcome).toEqual({ kind: "exited", exitCode: 1 });
  });

  test("leaves outputs as user 1000, who may be anybody here", async () => {
    const script = "id -u; echo '{}' > $LAUNCH_OUTPUT_DIR/metrics.json; echo x > x";
    const { outcome, stdout } = await run(await bench.open(args({ user: 1000 })), bench.request(script));
    expect(outcome).toEqual({ kind: "exited", exitCode: 0 });
    expect(stdout).toBe("1000\n");
    expect(readFileSync(bench.folder("output/metrics.json"), "utf8")).toBe("{}\n");
    expect(statSync(bench.folder("output")).mode & 0o7777).toBe(0o755);
  });

  test("leaves nothing that a launcher who is not root could not read and remove", async () => {
    mkdirSync(bench.folder("output/closed"), { mode: 0o700 });
    writeFileSync(bench.folder("output/closed/model"), "m", { mode: 0o600 });
    for (const path of ["output/closed", "output/closed/model"]) chownSync(bench.folder(path), 1000, 1000);
    const directories = [bench.folder("output")];
    chmodSync(bench.folder("output/closed/model"), 0o4700);
    await reclaim({ image: testImage, directories, userId: 4242, groupId: 4243, log: bench.log() });
    for (const path of ["output/closed", "output/closed/model"]) {
      const { uid, gid, mode } = statSync(bench.folder(path));
      expect({ uid, gid, special: mode & 0o7000 }).toEqual({ uid: 4242, gid: 4243, special: 0 });
    }
    expect(bench.log().lines).toEqual([]);
  });

  test("without a network has no way out", async () => {
    const { stdout } = await run(await bench.open(args({ network: "none" })), bench.request("ls /sys/class/net"));
    expect(stdout).toBe("lo\n");
  });

  test("has the limits that were asked for", async () => {
    const asked = args({
      cpus: 0.5,
      m: "64m",
      "shm-size": "128 MiB",
      ulimit: ["nofile=1000:2000", "nproc=50"],
      "pids-limit": "40",
      "cpuset-cpus": 0,
      hostname: "trainer",
      tmpfs: "/scratch",
      "read-only": "true",
    });
    const resource = await bench.open(asked);
    const request = bench.request("hostname; ulimit -n; sleep 60");
    const handle = resource.handleFor(request);
    await resource.submit(request, { handle, waits: noWaits }, signal);
    const fields =
      "{{.NanoCpus}} {{.Memory}} {{.ShmSize}} {{.PidsLimit}} {{.CpusetCpus}} {{.ReadonlyRootfs}} {{.Init}}";
    const seen = docker("inspect", "--format", `{{with .HostConfig}}${fields}{{end}}`, handle.name);
    await resource.remove(handle);
    expect(seen).toBe(`500000000 ${64 << 20} ${128 << 20} 40 0 true true`);
  });

  test("gets variables that docker reads too, and docker does not get them", async () => {
    const env = { DOCKER_HOST: "tcp://127.0.0.1:1", LD_PRELOAD: "/nothing.so", HTTPS_PROXY: "http://127.0.0.1:1" };
    const { stdout } = await run(await bench.open(), bench.request("echo $DOCKER_HOST $HTTPS_PROXY", { env }));
    expect(stdout).toBe("tcp://127.0.0.1:1 http://127.0.0.1:1\n");
    const lines = { DOCKER_HOST: "tcp://127.0.0.1:1\n" };
    const running = run(await bench.open(), bench.request("true", { env: lines }));
    const { code, message } = await failureOf(running);
    expect(code).toBe("refused");
    expect(message).toContain("DOCKER_HOST");
  });

  test("goes on when docker's own command is killed, and its output comes whole and once", async () => {
    const script = "i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); sleep 0.05; done; exit 4";
    const resource = await bench.open();
    const request = bench.request(script);
    const handle = resource.handleFor(request);
    const before = new Set(childrenOf(process.pid));
    await resource.submit(request, { handle, waits: noWaits }, signal);
    const attached = childrenOf(process.pid).filter((pid) => !before.has(pid));
    expect(attached).toHaveLength(1);
    const following = followed(resource, handle);
    await delay(500);
    process.kill(attached[0]!, "SIGKILL");
    const { outcome, stdout } = await following;
    await resource.remove(handle);
    expect(outcome).toEqual({ kind: "exited", exitCode: 4 });
    expect(stdout).toBe(Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join(""));
  });

  test("that was created and never started is started by who takes it", async () => {
    const resource = await bench.open();
    const request = bench.request("");
    const { name } = resource.handleFor(request);
    const labels = ["--label", `launch.identity=${request.identity}`];
    docker("create", "--name", name, ...labels, testImage, "echo", "taken");
    expect(await run(resource, request)).toMatchObject({ outcome: { exitCode: 0 }, stdout: "taken\n" });
  });

  test.each([
    ["without labels", []],
    ["with another run's identity", ["--label", `launch.identity=${"0".repeat(40)}`, "--label", "launch.attempt=1"]],
  ])("is not taken, followed, ended or removed where it has its name %s, and that is said", async (_what, labels) => {
    const resource = await bench.open();
    const request = bench.request("echo never");
    const handle = resource.handleFor(request);
    docker("run", "--detach", "--name", handle.name, ...labels, testImage, "sleep", "1000");
    try {
      const submitting = resource.submit(request, { handle, waits: noWaits }, signal);
      await expect(submitting).rejects.toThrow(/is not this run's: it is left alone/);
      expect(await resource.find(request, signal)).toBeUndefined();
      expect((await followed(resource, handle)).outcome).toMatchObject({ reason: "lost" });
      expect(await resource.imageDigest(handle)).toBeUndefined();
      await resource.cancel(handle, 0);
      await resource.remove(handle);
      expect(docker("inspect", "--format", "{{.State.Status}}", handle.name).trim()).toBe("running");
      expect(bench.log().lines.join("\n")).toContain(`the container ${handle.name} is there, and it is not this run's`);
    } finally {
      docker("rm", "--force", handle.name);
    }
  });

  test("that is not this run's is not stopped by the watcher of one whose agent is gone", async () => {
    const request = bench.request("exec sleep 1000", {
      outlives: { keepAliveFile: bench.folder("alive"), graceMs: 2_000 },
    });
    const resource = await bench.open();
    const handle = resource.handleFor(request);
    await resource.submit(request, { handle, waits: noWaits }, signal);
    docker("rename", handle.name, `${handle.name}-mine`);
    docker("run", "--detach", "--name", handle.name, testImage, "sleep", "1000");
    try {
      await delay(4_000);
      expect(docker("inspect", "--format", "{{.State.Status}}", handle.name).trim()).toBe("running");
    } finally {
      docker("rm", "--force", handle.name);
      await resource.remove(handle);
    }
  });

  test("that has ended is taken with its log and exit code", async () => {
    const [first, second] = [await bench.open(), await bench.open()];
    const request = bench.request("echo said; exit 6");
    const handle = first.handleFor(request);
    await first.submit(request, { handle, waits: noWaits }, signal);
    await followed(first, handle);
    expect(await run(second, request)).toMatchObject({ outcome: { exitCode: 6 }, stdout: "said\n" });
    await first.remove(handle);
  });

  test("does not take a container that only has its name", async () => {
    const resource = await bench.open();
    const request = bench.request("true");
    const { name } = resource.handleFor(request);
    docker("create", "--name", name, testImage, "true");
    const submitting = resource.submit(request, { handle: resource.handleFor(request), waits: noWaits }, signal);
    await expect(submitting).rejects.toMatchObject({ code: "submit-failed" });
    docker("rm", name);
  });

  test("that somebody else removes is lost", async () => {
    const resource = await bench.open();
    const request = bench.request("sleep 60");
    const handle = resource.handleFor(request);
    await resource.submit(request, { handle, waits: noWaits }, signal);
    const following = followed(resource, handle);
    docker("rm", "--force", handle.name);
    expect((await following).outcome).toMatchObject({ kind: "failed", reason: "lost" });
    await resource.remove(handle);
  });

  test("is not said to be gone when the engine does not answer", async () => {
    const resource = await bench.open();
    vi.stubEnv("DOCKER_HOST", "unix:///no/such.sock");
    const request = bench.request("true");
    await expect(resource.find(request, signal)).rejects.toMatchObject({ code: "submit-failed" });
    await expect(resource.remove(resource.handleFor(request))).rejects.toMatchObject({ code: "submit-failed" });
  });

  test("works in the source, in the folder that it was asked for", async () => {
    mkdirSync(bench.folder("source/sub"));
    writeFileSync(bench.folder("source/sub/train.sh"), "#!/bin/sh\npwd\necho trained > model\n");
    chmodSync(bench.folder("source/sub/train.sh"), 0o755);
    const request = bench.request("", { command: ["./train.sh"], workingDirectory: "sub" });
    expect((await run(await bench.open(args({ user: 1000 })), request)).stdout).toBe("/workspace/sub\n");
    expect(readFileSync(bench.folder("source/sub/model"), "utf8")).toBe("trained\n");
  });
});

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}
