import { oneLine } from "../../core/output/terminal-text.ts";
import { realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { systemClock } from "../../core/clock.ts";
import { exitCodes, LaunchError } from "../../core/errors.ts";
import { toJson } from "../../core/json.ts";
import { stateDirectoryOf } from "../../core/state-directory.ts";
import { truncated } from "../../reporting/words.ts";
import { forgetConfig } from "../../spec/config/trust.ts";
import { configName } from "../../spec/reading/read.ts";
import type { ConfigField } from "../../spec/resolve/resolution.ts";
import { trustedFolders, trustFolder, type TrustedFolder } from "../../submit/trusting.ts";
import type { TrustFlags } from "../program/flags.ts";
import { columns } from "../terminal/columns.ts";
import type { Console } from "../terminal/console.ts";
import { eventWriter } from "../terminal/json-log.ts";

const maxValueWidth = 100;

/** `launch trust`: has the launch config of a folder count as a whole when it is only found there. */
export async function trustCommand(
  directory: string | undefined,
  flags: TrustFlags,
  console: Console,
): Promise<number> {
  if (flags.list === true && (flags.remove === true || directory !== undefined)) {
    throw new LaunchError("bad-usage", "--list shows all folders; give it alone");
  }
  const state = stateDirectoryOf(console.environment, homedir());
  const folder = resolve(console.workingDirectory, directory ?? ".");
  const json = flags.json === true;
  if (flags.list === true) return showList(await trustedFolders(state), json, console);
  if (flags.remove === true) {
    // A folder that is gone has its path all the same.
    const path = join(await realpath(folder).catch(() => folder), configName);
    const removed = await forgetConfig(path, state);
    if (json) await eventWriter(console.out)("trust", { path, removed });
    else await console.out.write(`${oneLine(path)}: ${removed ? "no longer trusted" : "it wasn't trusted"}\n`);
    return exitCodes.succeeded;
  }
  const trusted = await trustFolder(folder, { state, clock: systemClock });
  if (json) await eventWriter(console.out)("trust", toJson(trusted));
  else
    await console.out.write(
      `${[...trustLines(trusted.path, trusted.allows), ...changeLines(trusted.changes)].join("\n")}\n`,
    );
  return exitCodes.succeeded;
}

function trustLines(path: string, allows: readonly ConfigField[]): readonly string[] {
  const what = allows.length === 0 ? ", which gives runs nothing that it wouldn't without" : ", as it is now, with";
  return [`trusted ${oneLine(path)}${what}`, ...fieldLines(allows)];
}

function fieldLines(fields: readonly ConfigField[]): readonly string[] {
  if (fields.length === 0) return [];
  const rows = fields.map(({ path, value }) => [path, truncated(JSON.stringify(value), maxValueWidth)]);
  return columns(rows)
    .split("\n")
    .map((line) => `  ${line}`);
}

function changeLines(changes: readonly string[] | undefined): readonly string[] {
  if (changes === undefined) return [];
  return [changes.length === 0 ? "It allows what it did before." : `Since before: ${changes.join(", ")}.`];
}

const nowWords = { counts: "counts", changed: "changed since, doesn't count", gone: "gone" } as const;

async function showList(folders: readonly TrustedFolder[], json: boolean, { out }: Console): Promise<number> {
  if (json) await eventWriter(out)("trusted", toJson({ configs: folders }));
  else
    await out.write(
      `${folders.length === 0 ? "no launch config of a working folder is trusted" : listLines(folders).join("\n")}\n`,
    );
  return exitCodes.succeeded;
}

function listLines(folders: readonly TrustedFolder[]): readonly string[] {
  return folders.flatMap((folder) =>
    folder.kind === "config"
      ? [`${oneLine(folder.path)}  ${nowWords[folder.now]}`, ...fieldLines(folder.allows)]
      : [`${folder.file} ${folder.why}; remove it`],
  );
}
