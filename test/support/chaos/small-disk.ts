import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A file system of a few MB that a test can fill. */
export type SmallDisk = {
  readonly folder: string;
  /** Until not a byte more goes in. */
  fill(): void;
  /** Takes away what filled it. */
  empty(): void;
  /** As one is after an error: nothing can be written any more. */
  makeReadOnly(): void;
  remove(): void;
};

/** Mounting is for root: on a CI machine by sudo, which asks nothing there. */
const asRoot = process.getuid?.() === 0 ? [] : ["sudo", "-n"];

function mount(...args: readonly string[]): void {
  const [command = "", ...rest] = [...asRoot, ...args];
  execFileSync(command, rest, { stdio: "ignore" });
}

/** Why there can be none here; undefined when there can. */
export function missingSmallDisk(): string | undefined {
  if (process.platform !== "linux") return "tmpfs is Linux's";
  try {
    mount("true");
    return undefined;
  } catch {
    return "only root can mount a file system";
  }
}

export function makeSmallDisk(folder: string, megabytes: number): SmallDisk {
  mkdirSync(folder, { recursive: true });
  mount("mount", "-t", "tmpfs", "-o", `size=${megabytes}m,mode=777`, "tmpfs", folder);
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill: () => {
      const file = openSync(ballast, "a");
      try {
        for (const size of [1_048_576, 4_096, 1]) {
          const block = Buffer.alloc(size);
          try {
            for (;;) writeSync(file, block);
          } catch {
            // Full, but for less than a block.
          }
        }
      } finally {
        closeSync(file);
      }
    },
    empty: () => rmSync(ballast, { force: true }),
    makeReadOnly: () => mount("mount", "-o", "remount,ro", folder),
    remove: () => mount("umount", "-l", folder),
  };
}
