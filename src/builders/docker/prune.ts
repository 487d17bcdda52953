import { isImageInUse, type NamedImage, namedImage, removeImageName } from "../../clients/docker/remove-image.ts";
import { messageOf } from "../../core/errors.ts";
import type { PruneRequest } from "../../core/pruning.ts";
import type { PrunedImage, PrunedImages } from "../builder.ts";
import { engineOf, forgetImage, type ImageNote, readImageNote, readImageNotes } from "./image-notes.ts";

/*
 * An image goes when launches of this machine had it built (image-notes.ts), none has used it for so long, every name that it goes by is
 * one of theirs, no container is of it, and no waiting run names it. It loses its names one by one, never by force: so an
 * image that somebody tagged meanwhile stays, and the engine itself keeps what a container came to use.
 */

/** Removes old images of ours from this machine's Docker. Without any to remove, Docker isn't asked. */
export async function pruneImages(request: PruneRequest, signal: AbortSignal): Promise<PrunedImages> {
  const { environment, wanted } = request;
  const { images } = request.state;
  const engine = engineOf(environment);
  const notes = (await readImageNotes(images)).filter((note) => note.engine === engine);
  const old = notes.filter((note) => Date.parse(note.used_at) < request.before.getTime());
  const removed: PrunedImage[] = [];
  const kept: { name: string; why: string }[] = [];
  const done = new Set<string>();
  try {
    for (const note of old) {
      const image = await imageOf(note, signal);
      if (image === undefined) {
        if (!request.dryRun) await forgetImage(images, note);
        continue;
      }
      if (done.has(image.id)) continue;
      done.add(image.id);
      const why =
        (await whyKept(image, { notes, old, wanted }, signal)) ?? (await remove({ image, note }, request, signal));
      if (why === undefined) removed.push({ name: note.name, digest: note.digest, bytes: image.bytes });
      else kept.push({ name: note.name, why });
    }
  } catch (error) {
    signal.throwIfAborted();
    return { removed, kept, problem: messageOf(error) };
  }
  return { removed, kept };
}

/** Found by what is run of it, or by its id: the name may have passed to a later image. */
async function imageOf({ reference, digest }: ImageNote, signal: AbortSignal): Promise<NamedImage | undefined> {
  return (await namedImage(reference, signal)) ?? (await namedImage(digest, signal));
}

/** What launches here say of images; those of `old` none has used for long. */
type Known = Pick<PruneRequest, "wanted"> & {
  readonly notes: readonly ImageNote[];
  readonly old: readonly ImageNote[];
};

async function whyKept(
  image: NamedImage,
  { notes, old, wanted }: Known,
  signal: AbortSignal,
): Promise<string | undefined> {
  const ofThis = ({ name, digest }: ImageNote): boolean =>
    image.tags.includes(name) || image.id === digest || image.digests.some((each) => each.endsWith(`@${digest}`));
  const own = notes.filter(ofThis);
  const tag = image.tags.find((each) => !own.some(({ name }) => name === each));
  if (tag !== undefined) return `it is also tagged ${tag}`;
  const repositories = own.map(({ name }) => name.slice(0, name.lastIndexOf(":")));
  const other = image.digests.find((each) => !repositories.includes(each.slice(0, each.indexOf("@"))));
  if (other !== undefined) return `it is also known as ${other}`;
  if (own.some((note) => !old.includes(note))) return "a later launch has used it";
  const names = [image.id, ...image.tags, ...image.digests, ...own.map(({ digest }) => digest)];
  const waiting = names.map((name) => wanted.get(name)).find((runId) => runId !== undefined);
  if (waiting !== undefined) return `run "${waiting}" is to run it`;
  return (await isImageInUse(image.id, signal)) ? "a container is of it" : undefined;
}

/** Why it is still there; undefined when it is gone. */
async function remove(
  { image, note }: { readonly image: NamedImage; readonly note: ImageNote },
  { dryRun, state, atWork }: PruneRequest,
  signal: AbortSignal,
): Promise<string | undefined> {
  if ((await atWork()).starting) return "a run is being started here, which may use it";
  if (dryRun) return undefined;
  const now = await readImageNote(state.images, note);
  if (now !== undefined && now.used_at !== note.used_at) return "a later launch has used it";
  const names = image.tags.length > 0 ? image.tags : image.digests.length > 0 ? image.digests : [image.id];
  for (const name of names) {
    if (!(await removeImageName(name, signal))) return "Docker keeps it; docker image rm says why";
  }
  await forgetImage(state.images, note);
  return undefined;
}
