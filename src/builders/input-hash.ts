import { createHash } from "node:crypto";
import { canonicalJson, type JsonObject } from "../core/json.ts";
import { LaunchError } from "../core/errors.ts";
import type { CodeSource } from "../sources/source.ts";
import type { BaseImage } from "./builder.ts";

export type BuildInputs = {
  /** A hash of the build context: names, modes and contents of its files, `.dockerignore` among them. */
  readonly content: string;
  /** Path of the Dockerfile from the context (it decides which `.dockerignore` counts), or null when it is generated. */
  readonly dockerfile: string | null;
  /** Its text, which has the user id and the base image's name in it. */
  readonly text: string;
  readonly bases: readonly BaseImage[];
  readonly platform: string;
  readonly buildArguments: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  /** Whose time files have: only with the commit's are two builds one digest. */
  readonly fileTimes: "commit" | "build";
  /** How its manifest is written, which its digest is of. */
  readonly mediaTypes: "docker" | "oci";
};

/** What the context holds: all that the builder sees of the source. */
export function contextContent(source: CodeSource, context: string): string {
  const folder = source.folderHash?.(context);
  if (folder !== undefined) return folder;
  const { tree } = source.provenance;
  if (tree !== undefined) return `${tree}:${context}`;
  throw new LaunchError("source-failed", "the source has no tree hash, so its image can't be named by its content");
}

/** Raised when the same inputs would give another image: a new way to build them. */
const scheme = 2;

/** sha256 of everything that decides what the image is: equal hashes are one image. 64 hex digits. */
export function inputHash(inputs: BuildInputs): string {
  const { bases, buildArguments, secrets, ...rest } = inputs;
  const value: JsonObject = {
    ...rest,
    scheme,
    bases: bases.map(({ reference, digest }) => ({ reference, digest: digest ?? null })),
    buildArguments: { ...buildArguments },
    secrets: [...secrets].sort(),
  };
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/** The tag that an image of these inputs is kept under. */
export function inputTag(hash: string): string {
  return `launch-${hash.slice(0, 32)}`;
}
