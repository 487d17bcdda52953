import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Stands before some tools on PATH and writes down how they are called, then calls them: evidence of what a program did that doesn't
 * rest on what it says.
 */
export function recordCalls(
  folder: string,
  tools: readonly string[],
): { readonly path: string; read(): readonly string[] } {
  const directory = mkdtempSync(join(folder, "calls-"));
  const log = join(directory, "calls.log");
  writeFileSync(log, "");
  for (const tool of tools) {
    const real = execFileSync("sh", ["-c", 'command -v "$1"', "sh", tool], { encoding: "utf8" }).trim();
    const wrapper = join(directory, tool);
    writeFileSync(wrapper, `#!/bin/sh\nprintf '%s\\n' "${tool} $*" >>'${log}'\nexec '${real}' "$@"\n`);
    chmodSync(wrapper, 0o755);
  }
  return {
    path: `${directory}:${process.env["PATH"] ?? ""}`,
    read: () => readFileSync(log, "utf8").split("\n").filter(Boolean),
  };
}
