import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { execute } from "../../../src/core/process.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "launch-process-"));
  writeFileSync(join(folder, "plain.sh"), "echo hi\n", { mode: 0o644 });
});
afterEach(() => rmSync(folder, { recursive: true }));

const start = (command: string, cwd: string) =>
  execute({ command, args: [], doing: "trying", cwd, signal: new AbortController().signal, timeoutMs: 10_000 });

test.each([
  ["launch-no-such-program", 'trying: the program "launch-no-such-program" is not on PATH; install it'],
  ["./none.sh", 'trying: the program "./none.sh" is not there; check its path'],
  ["./plain.sh", 'trying: the program "./plain.sh" is not executable; chmod +x it, or start it with its interpreter'],
])("a program that can't be started is named with the reason: %s", async (command, message) => {
  await expect(start(command, folder)).rejects.toThrow(message);
});

test("a folder that isn't there is not mistaken for a program", async () => {
  await expect(start("true", join(folder, "none"))).rejects.toThrow(/^trying: the folder \S+none is not there$/);
});

test("a program that gets more than a system call holds says so", async () => {
  const args = Array.from({ length: 200 }, () => "x".repeat(130_000));
  const request = { command: "true", args, doing: "trying", signal: new AbortController().signal, timeoutMs: 10_000 };
  await expect(execute(request)).rejects.toThrow(
    'trying: the program "true": its arguments and variables are more than',
  );
});

test("a command that leaves its pipes with a process outside of its group still ends at its timeout", async () => {
  const args = ["-c", "setsid sleep 3 & exit 0"];
  const request = { command: "sh", args, doing: "trying", signal: new AbortController().signal, timeoutMs: 300 };
  await expect(execute(request)).rejects.toMatchObject({ code: "timeout" });
}, 10_000);
