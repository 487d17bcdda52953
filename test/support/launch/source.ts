import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { TextPhaseEvent } from "../../../src/core/output/log.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import { plugin } from "../../../src/sources/git/index.ts";
import type { CodeSource, SourceContext, SourceRequest } from "../../../src/sources/source.ts";
import { saidTo } from "../log.ts";
import type { TemporaryFolder } from "../git/git-repository.ts";

export type Resolved = {
  readonly source: CodeSource;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly events: readonly TextPhaseEvent[];
  readonly scratch: string;
};

/** Resolves a git source in a scratch folder of its own and keeps what was logged. */
export async function resolveSource(
  folder: TemporaryFolder,
  request: SourceRequest,
  options: Partial<Pick<SourceContext, "signal" | "tokens">> = {},
): Promise<Resolved> {
  const warnings: string[] = [];
  const infos: string[] = [];
  const events: TextPhaseEvent[] = [];
  const log = saidTo({
    ...silentLog,
    warning: (message) => void warnings.push(message),
    info: (message) => void infos.push(message),
    phase: (event) => void events.push(event),
  });
  const scratch = mkdtempSync(join(folder.path, "scratch-"));
  const signal = options.signal ?? new AbortController().signal;
  const source = await plugin.resolve(request, { log, signal, scratch, tokens: options.tokens ?? {} });
  if (source.kind !== "code") throw new Error("a git source gave an image");
  return { source, warnings, infos, events, scratch };
}

export function checkoutOf(directory: string, includeUntracked = false): SourceRequest {
  return { kind: "checkout", directory, includeUntracked };
}

/** Exports a source into a new folder and returns its path. */
export async function exported(folder: TemporaryFolder, source: CodeSource): Promise<string> {
  const target = mkdtempSync(join(folder.path, "exported-"));
  mkdirSync(target, { recursive: true });
  await source.exportTo(target, new AbortController().signal);
  return target;
}
