import { createHash } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { namesIn } from "../../core/folders/names.ts";
import { readOwnFile } from "../../core/folders/own-file.ts";
import { parseJson } from "../../core/json.ts";
import { writeNamed } from "../../core/folders/write-named.ts";

/*
 * Which images launches of this machine had built, and when each was used last: `images/<hash>.json` in the state folder. It is from these
 * notes that `launch prune` knows its images. A label in the image would not do: what others build FROM one of ours inherits it, so it
 * doesn't say whose an image is; it can't say when an image was used; and it would change every image's digest.
 */
const schemaVersion = 1;

const noteSchema = z.object({
  schema_version: z.literal(schemaVersion),
  /** `repository:tag`, the tag made from the build's inputs. */
  name: z.string(),
  /** What is run: `repository@sha256:…`, or the engine's id. */
  reference: z.string(),
  digest: z.string(),
  /** Which Docker has it, as the environment says; another one's images are none of this one's. */
  engine: z.string(),
  /** Wall clock of this machine. */
  used_at: z.iso.datetime(),
});
export type ImageNote = z.output<typeof noteSchema>;

export type UsedImage = Pick<ImageNote, "name" | "reference" | "digest">;

type Environment = Readonly<Record<string, string | undefined>>;

/** What decides which Docker the docker command talks to. */
export function engineOf(environment: Environment): string {
  return ["DOCKER_HOST", "DOCKER_CONTEXT"].map((name) => `${name}=${environment[name] ?? ""}`).join(" ");
}

/** Notes that a launch uses this image now. */
export async function noteImage(
  images: string,
  image: UsedImage,
  { environment, now }: { readonly environment: Environment; readonly now: Date },
): Promise<void> {
  const { name, reference, digest } = image;
  const engine = engineOf(environment);
  const note: ImageNote = { schema_version: 1, name, reference, digest, engine, used_at: now.toISOString() };
  const file = fileOf(images, note);
  await mkdir(images, { recursive: true });
  const draft = `${file}.${process.pid}`;
  await writeNamed(draft, `${JSON.stringify(note, undefined, 2)}\n`);
  await rename(draft, file);
}

/** All notes that can be read; one of a newer version is left alone. */
export async function readImageNotes(images: string): Promise<readonly ImageNote[]> {
  const notes: ImageNote[] = [];
  for (const name of await namesIn(images)) {
    if (!name.endsWith(".json")) continue;
    const note = noteSchema.safeParse(await readJson(join(images, name))).data;
    if (note !== undefined) notes.push(note);
  }
  return notes;
}

/** The note as it is now; undefined when it is gone. */
export async function readImageNote(images: string, note: ImageNote): Promise<ImageNote | undefined> {
  return noteSchema.safeParse(await readJson(fileOf(images, note))).data;
}

export async function forgetImage(images: string, note: ImageNote): Promise<void> {
  await rm(fileOf(images, note), { force: true });
}

function fileOf(images: string, { engine, name, digest }: ImageNote): string {
  const hash = createHash("sha256").update(`${engine}\0${name}\0${digest}`).digest("hex").slice(0, 32);
  return join(images, `${hash}.json`);
}

async function readJson(file: string): Promise<unknown> {
  const text = await readOwnFile(file);
  return text === undefined ? undefined : parseJson(text);
}
