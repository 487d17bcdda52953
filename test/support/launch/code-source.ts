import { createHash } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CodeSource } from "../../../src/sources/source.ts";

/** Code that is only in memory: what a builder sees of any source. `exports` counts how often a context was made. */
export function codeSource(
  files: Readonly<Record<string, string>>,
  options: { subdirectory?: string; commitTime?: number } = {},
): CodeSource & { exports: number } {
  const paths = Object.keys(files).sort();
  const hashOf = (some: readonly string[]): string =>
    createHash("sha1")
      .update(JSON.stringify(some.map((path) => [path, files[path]])))
      .digest("hex");
  const tree = hashOf(paths);
  return {
    kind: "code",
    exports: 0,
    patch: undefined,
    provenance: {
      kind: "git",
      tree,
      commit_time: options.commitTime ?? 1_700_000_000,
      reachable: false,
      ...(options.subdirectory === undefined ? {} : { subdirectory: options.subdirectory }),
    },
    folderHash: (folder) => hashOf(paths.filter((path) => path.startsWith(folder === "" ? "" : `${folder}/`))),
    paths: () => Promise.resolve(paths),
    readFile: (path) => {
      const text = files[path];
      return Promise.resolve(text === undefined ? undefined : Buffer.from(text));
    },
    async exportTo(directory) {
      this.exports += 1;
      for (const [path, text] of Object.entries(files)) {
        const file = join(directory, path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, text);
        await chmod(file, 0o644);
      }
    },
    dispose: () => Promise.resolve(),
  };
}
