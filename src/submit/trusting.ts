import { dirname } from "node:path";
import type { Clock } from "../core/clock.ts";
import { LaunchError } from "../core/errors.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { changesOf } from "../spec/config/left-out.ts";
import { reachesOf } from "../spec/config/reach.ts";
import { listTrusted, type BadNote, hashOf, trustConfig, trustOf } from "../spec/config/trust.ts";
import { configName, readPlaced } from "../spec/reading/read.ts";
import { faultsError } from "../spec/reading/render-faults.ts";
import type { ConfigField } from "../spec/resolve/resolution.ts";
import { resolveConfig } from "../spec/resolve/resolve-config.ts";

export type Trusted = {
  readonly path: string;
  /** What it gives to runs, besides where they are built and kept. */
  readonly allows: readonly ConfigField[];
  /** What of that is not as it was when the config was trusted before, in words; undefined of one that wasn't. */
  readonly changes: readonly string[] | undefined;
};

/** Has the launch config of a folder count as it is now. Throws `bad-usage` without one, and `bad-config` for one with faults. */
export async function trustFolder(
  folder: string,
  { state, clock }: { readonly state: StateDirectory; readonly clock: Clock },
): Promise<Trusted> {
  const placed = await readPlaced(folder);
  if (placed === undefined)
    throw new LaunchError("bad-usage", `there is no ${configName} in ${JSON.stringify(folder)}`);
  const document = { name: placed.path, text: placed.text };
  const resolution = await resolveConfig(document);
  if (resolution.kind === "faults") {
    throw faultsError({ faults: resolution.faults, documents: [document], config: document });
  }
  const allows = reachesOf(resolution.config).map(({ field }) => field);
  const before = await trustOf(placed, state);
  await trustConfig(placed, { allows, at: clock.now(), state });
  const was = before.kind === "untrusted" ? before.before : before.kind === "trusted" ? allows : undefined;
  return { path: placed.path, allows, changes: was && changesOf(was, allows) };
}

export type TrustedFolder =
  | {
      readonly kind: "config";
      readonly path: string;
      /** Whether it still counts: it may have changed since, or be gone. */
      readonly now: "counts" | "changed" | "gone";
      readonly trustedAt: string;
      readonly allows: readonly ConfigField[];
    }
  | ({ readonly kind: "unreadable" } & BadNote);

/** All configs that are trusted, by path. */
export async function trustedFolders(state: StateDirectory): Promise<readonly TrustedFolder[]> {
  const notes = await listTrusted(state);
  const folders = notes.map(async (note): Promise<TrustedFolder> => {
    if ("why" in note) return { kind: "unreadable", ...note };
    const { path, sha256, trustedAt, allows } = note;
    return { kind: "config", path, now: await stateOf(path, sha256), trustedAt, allows };
  });
  return (await Promise.all(folders)).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function keyOf(folder: TrustedFolder): string {
  return folder.kind === "config" ? folder.path : folder.file;
}

async function stateOf(path: string, sha256: string): Promise<"counts" | "changed" | "gone"> {
  try {
    const placed = await readPlaced(dirname(path));
    if (placed === undefined) return "gone";
    return placed.path === path && hashOf(placed.text) === sha256 ? "counts" : "changed";
  } catch (error) {
    // It is there, and is no text any more.
    if (error instanceof LaunchError) return "changed";
    throw error;
  }
}
