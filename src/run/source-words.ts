import type { Provenance } from "./provenance.ts";

/** A source in a few words, as lists and the log show it: `3f9c2e1a7b40 + patch`, `folder digits`, `busybox:latest`. */
export function describeSource(source: Provenance): string {
  if (source.image !== undefined) return source.image;
  if (source.commit === undefined) return `folder (tree ${source.tree?.slice(0, 12) ?? "unknown"})`;
  return source.commit.slice(0, 12) + (source.patch === undefined ? "" : " + patch");
}
