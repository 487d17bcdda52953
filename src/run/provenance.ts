import { z } from "zod";
import { countField, lineField, listOf, textField } from "./fields.ts";

const patchSchema = z
  .object({
    sha256: lineField,
    bytes: countField,
    files: listOf(textField).describe("Paths that it changes."),
    commits: countField.describe("Commits that no remote has and that travel in it."),
  })
  .readonly();
export type PatchProvenance = z.output<typeof patchSchema>;

export const provenanceSchema = z
  .object({
    kind: z.enum(["git", "directory", "image"]),
    repository: textField.exactOptional().describe("Remote URL without credentials; absent when there is no remote."),
    ref: lineField.exactOptional().describe("Branch or tag name, where one is known."),
    commit: lineField.exactOptional().describe("The commit that was asked for: HEAD, or what `version` resolved to."),
    base: lineField
      .exactOptional()
      .describe(
        "The newest ancestor of `commit` that a remote has, onto which `patch` applies; `commit` itself when nothing is local or no remote has any of it.",
      ),
    commit_time: z.number().describe("Commit time of `commit`, seconds since the epoch; 0 without a repository."),
    tree: lineField
      .exactOptional()
      .describe(
        "Git tree hash of exactly what runs: base, patch and included untracked files; submodules count as folders, by their files.",
      ),
    subdirectory: textField
      .exactOptional()
      .describe("Folder below the root in which the run works; absent for the root."),
    patch: patchSchema.exactOptional(),
    untracked_included: listOf(textField).exactOptional(),
    untracked_left_out: listOf(textField).exactOptional().describe("The first 1,000."),
    marked_left_out: listOf(textField)
      .exactOptional()
      .describe("Changed files that git was told not to see (assume-unchanged, skip-worktree). The first 1,000."),
    submodules: listOf(z.object({ path: textField, commit: lineField }).readonly()).exactOptional(),
    lfs_pointers: listOf(textField)
      .exactOptional()
      .describe("Files that hold an LFS pointer instead of their content."),
    image: lineField.exactOptional().describe("The image reference of an image source, as asked for."),
    reachable: z
      .boolean()
      .describe("False when another machine could not get this source: no remote, or no repository."),
  })
  .readonly();

/** Where exactly the code came from; goes into the record as it is. */
export type Provenance = z.output<typeof provenanceSchema>;
