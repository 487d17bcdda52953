import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { isRunning, nameProcess } from "../../../src/core/process-identity.ts";
import type { StartWait } from "../../../src/resources/start-wait.ts";
import { describeWith } from "../../support/engines.ts";
import { failureOf } from "../../support/failure.ts";
import { followed, noWaits, resourceBench, run } from "../../support/launch/resource.ts";

const signal = new AbortController().signal;

describe("a run as a process", () => {
  const bench = resourceBench("local-process");

  test("ends with what it left running, whoever holds its output", async () => {
    const script = "sleep 1003 & sh -c 'trap \"\" TERM; while :; do echo again; sleep 0.1; done' & echo done";
    const { outcome, stdout } = await run(await bench.open(), bench.request(script));
    expect(outcome).toEqual({ kind: "exited", exitCode: 0 });
    expect(stdout).toMatch(/^(?:done\n|again\n)*$/);
  });

  test("prints what is still in its pipes when it ends before anybody listens", async () => {
    const resource = await bench.open();
    const request = bench.request("yes 0123456789 | head -c 50000; echo >&2 err");
    const handle = resource.handleFor(request);
    await resource.submit(request, { handle, waits: noWaits }, signal);
    await delay(300);
    const { stdout, stderr } = await followed(resource, handle);
    await resource.remove(handle);
    expect([stdout.length, stderr]).toEqual([50_000, "err\n"]);
  });

  test("ends as it ended when its exit code can't be written down for others", async () => {
    const resource = await bench.open();
    const request = bench.request("");
    const inTheWay = bench.folder(`cache/processes/${resource.handleFor(request).identity ?? ""}/outcome.json.new`);
    const { outcome } = await run(resource, { ...request, command: ["sh", "-c", `mkdir ${inTheWay}; exit 3`] });
    expect(outcome).toEqual({ kind: "exited", exitCode: 3 });
  });

  test("that is killed says by which signal", async () => {
    const { outcome } = await run(await bench.open(), bench.request("kill -SEGV $$"));
    expect(outcome).toEqual({ kind: "signalled", signal: "SIGSEGV", exitCode: 139 });
  });

  test("is not taken for another process that has its pid now", async () => {
    const resource = await bench.open();
    const request = bench.request("true");
    const handle = resource.handleFor(request);
    // The state of an earlier run, with a pid that is in other hands: ours.
    const state = bench.folder(`cache/processes/${handle.identity ?? ""}`);
    mkdirSync(state, { recursive: true });
    writeFileSync(join(state, "process.json"), JSON.stringify({ pid: process.pid, started: "another boot/1" }));
    expect(await resource.find(request, signal)).toEqual(handle);
    await resource.cancel(handle, 0);
    await resource.remove(handle);
    expect(existsSync(state)).toBe(false);
  });

  test("is started by the next launcher when the first was killed before it could", async () => {
    const resource = await bench.open();
    const request = bench.request("echo started");
    const state = bench.folder(`cache/processes/${resource.handleFor(request).identity ?? ""}`);
    mkdirSync(state, { recursive: true });
    writeFileSync(join(state, "claimer.json"), JSON.stringify({ pid: process.pid, started: "another boot/1" }));
    expect((await run(resource, request)).stdout).toBe("started\n");
  });

  test("can't be without a command, a source or its folder", async () => {
    const resource = await bench.open();
    const submit = (extra: object) => {
      const request = bench.request("true", extra);
      return resource.submit(request, { handle: resource.handleFor(request), waits: noWaits }, signal);
    };
    expect(() => resource.describe(bench.request("", { command: undefined }))).toThrow("entry_point");
    await expect(submit({ sourceDirectory: undefined })).rejects.toMatchObject({ code: "refused" });
    await expect(submit({ workingDirectory: "none" })).rejects.toMatchObject({ code: "submit-failed" });
    await expect(submit({ secrets: { KEY: "7786\0" } })).rejects.toThrow(/^KEY holds a NUL(?!.*7786)/);
    await expect(submit({ command: ["./none.sh"] })).rejects.toMatchObject({ code: "tool-missing" });
    expect(readdirSync(bench.folder("cache/processes"))).toEqual([]);
  });
});

describe("a run whose launcher is still installing its packages", () => {
  const bench = resourceBench("local-process", true);

  /** A uv that takes as long as the test wants. */
  function slowUv(): string {
    mkdirSync(bench.folder("tools"));
    const text = `#!/bin/sh
case $1 in
  venv) until [ -e ${bench.folder("go")} ]; do sleep 0.05; done
    for folder; do :; done; mkdir -p "$folder/bin"; ln -s /bin/sh "$folder/bin/python";;
esac`;
    writeFileSync(bench.folder("tools/uv"), text, { mode: 0o755 });
    return `${bench.folder("tools")}:${process.env["PATH"]}`;
  }

  test("says so to it, and to who takes the run or follows it, until it has started", async () => {
    writeFileSync(bench.folder("source/requirements.txt"), "tiny==1.0\n");
    const environment = { ...process.env, PATH: slowUv() };
    const open = () => bench.open({ venv: true }, { environment });
    const [first, second, third] = [await open(), await open(), await open()];
    const request = bench.request("echo started; exit 4");
    const handle = first.handleFor(request);
    const told: (StartWait | undefined)[][] = [[], [], []];
    const submitting = first.submit(request, { handle, waits: (wait) => told[0]?.push(wait) }, signal);
    await vi.waitFor(() => expect(told[0]).toHaveLength(1));
    const taking = second.submit(request, { handle, waits: (wait) => told[1]?.push(wait) }, signal);
    const following = followed(third, handle, (wait) => told[2]?.push(wait));
    await vi.waitFor(() => expect([told[1]?.length, told[2]?.length]).toEqual([1, 1]));
    writeFileSync(bench.folder("go"), "");
    await Promise.all([submitting, taking]);
    expect(await following).toMatchObject({ outcome: { kind: "exited", exitCode: 4 }, stdout: "started\n" });
    const starting = { kind: "other-launcher", subject: `process ${process.pid}` };
    expect(told).toEqual([
      [{ kind: "packages", subject: "requirements.txt" }, undefined],
      [starting, undefined],
      [starting, undefined],
    ]);
    await first.remove(handle);
  });
});

test("a process is known by its pid and its start", async () => {
  const own = await nameProcess(process.pid);
  expect(own).toBeDefined();
  expect(await isRunning(own!)).toBe(true);
  expect(await isRunning({ ...own!, started: "x" })).toBe(false);
  expect(await nameProcess(2 ** 22 + 1)).toBeUndefined();
});

describeWith(["uv"], "venv: true", () => {
  const bench = resourceBench("local-process");
  const python = (code: string, env = {}) => bench.request("", { command: ["python3", "-c", code], env });
  const versionOfTiny = "import importlib.metadata as m; print(m.version('tiny'))";

  /** A wheel of one file, so that nothing is downloaded. */
  function wheel(version: string): void {
    mkdirSync(bench.folder("source/wheels"), { recursive: true });
    const code = `
import sys, zipfile
info = "tiny-" + sys.argv[1] + ".dist-info/"
with zipfile.ZipFile(sys.argv[2] + "/tiny-" + sys.argv[1] + "-py3-none-any.whl", "w") as wheel:
    wheel.writestr("tiny.py", "")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: " + sys.argv[1] + "\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "")
`;
    execFileSync("python3", ["-c", code, version, bench.folder("source/wheels")]);
  }
  function require(version: string): void {
    wheel(version);
    const text = `--no-index\n--find-links wheels\ntiny==${version}\n`;
    writeFileSync(bench.folder("source/requirements.txt"), text);
  }
  const environments = () =>
    readdirSync(bench.folder("cache/python"), { withFileTypes: true }).filter((entry) => entry.isDirectory());

  test("makes an environment from the requirements, once for launches that need the same at the same time", async () => {
    require("1.0");
    const runs = await Promise.all(
      [1, 2].map(async () => run(await bench.open({ venv: true }), python(versionOfTiny))),
    );
    expect(runs.map(({ stdout }) => stdout)).toEqual(["1.0\n", "1.0\n"]);
    expect(environments()).toHaveLength(1);
    const { stdout } = await run(await bench.open({ venv: true }), python("import sys; print(sys.prefix)"));
    expect(stdout.trim()).toBe(join(environments()[0]!.parentPath, environments()[0]!.name));
    require("2.0");
    expect((await run(await bench.open({ venv: true }), python(versionOfTiny))).stdout).toBe("2.0\n");
    expect(environments()).toHaveLength(2);
  });

  test("without it, what differs from the requirements is named", async () => {
    require("1.0");
    const made = await run(await bench.open({ venv: true }), python("import sys; print(sys.prefix)"));
    writeFileSync(bench.folder("source/requirements.txt"), "tiny==3.0\nno-such-package-7787\n");
    const path = `${join(made.stdout.trim(), "bin")}:${process.env["PATH"] ?? ""}`;
    await run(await bench.open(), python("pass", { PATH: path }));
    expect(bench.log().lines.filter((line) => line.includes("differs"))).toEqual([
      expect.stringMatching(/requirements\.txt: tiny is 1\.0, not ==3\.0; no-such-package-7787 is not installed\. /),
    ]);
  });

  test("leaves nothing of an environment that could not be made, and shows uv's words", async () => {
    writeFileSync(bench.folder("source/requirements.txt"), "--no-index\nno-such-package-7788\n");
    const failing = run(await bench.open({ venv: true }), python("pass"));
    const { code, detail } = await failureOf(failing);
    expect(code).toBe("submit-failed");
    expect(detail.join("\n")).toContain("no-such-package-7788");
    expect(environments()).toEqual([]);
  });

  test("refuses requirements that point into the source, and a source without any", async () => {
    await expect(run(await bench.open({ venv: true }), python("pass"))).rejects.toMatchObject({ code: "refused" });
    writeFileSync(bench.folder("source/requirements.txt"), "-e .\n");
    await expect(run(await bench.open({ venv: true }), python("pass"))).rejects.toMatchObject({ code: "unsupported" });
  });

  test("removes what a killed builder left", async () => {
    require("1.0");
    await run(await bench.open({ venv: true }), python("pass"));
    const [made] = environments();
    const hash = made!.name.split(".")[0];
    const left = bench.folder(`cache/python/${hash}.4194400.x`);
    mkdirSync(left);
    execFileSync("rm", [bench.folder(`cache/python/${hash}`)]);
    await run(await bench.open({ venv: true }), python("pass"));
    expect(existsSync(left)).toBe(false);
    expect(readFileSync(bench.folder(`cache/python/${hash}/pyvenv.cfg`), "utf8")).toContain("uv =");
  });

  test("says how to get uv where there is none", async () => {
    require("1.0");
    const environment = { ...process.env, PATH: "/no/such/folder" };
    const failing = run(await bench.open({ venv: true }, { environment }), python("pass"));
    const { code, message } = await failureOf(failing);
    expect(code).toBe("tool-missing");
    expect(message).toContain("install");
  });
});
