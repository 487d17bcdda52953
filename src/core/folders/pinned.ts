import { constants } from "node:fs";
import { type FileHandle, lstat, open, readlink } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../errors.ts";

/*
 * Reading below a folder that others may change meanwhile. Each step is opened from the one before and none may be a link, so what is read
 * lies in the folder that was opened, whatever its path and the paths below it mean by then. Linux names an open folder in /proc; macOS
 * refuses links on the whole way by one flag.
 */

export type PinnedEntry =
  /** The caller closes it. */
  | { readonly kind: "file"; readonly file: FileHandle; readonly mode: number; readonly size: number }
  | { readonly kind: "link"; readonly target: Buffer };

export type PinnedFolder = {
  /** A regular file or a link, by its name's bytes (latin1); undefined for what isn't there, is neither, or lies behind a link. */
  read(rawPath: string): Promise<PinnedEntry | undefined>;
  /** A folder below, which is closed with this one. */
  openFolder(rawPath: string): Promise<FileHandle | undefined>;
  /** Whether anything is there, of whatever kind. */
  has(rawPath: string): Promise<boolean>;
  close(): Promise<void>;
};

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;
/** <sys/fcntl.h> of macOS. */
const O_NOFOLLOW_ANY = 0x20000000;
const byDescriptor = process.platform === "linux";

/** Opens a folder by its path, which is followed once, now. */
export async function pinFolder(path: string): Promise<PinnedFolder> {
  const root = await open(path, O_RDONLY | O_DIRECTORY);
  const opened = new Map<string, Promise<FileHandle | undefined>>([["", Promise.resolve(root)]]);

  const folderAt = (rawPath: string): Promise<FileHandle | undefined> => {
    const known = opened.get(rawPath) ?? openFolder(rawPath);
    opened.set(rawPath, known);
    return known;
  };
  const openFolder = async (rawPath: string): Promise<FileHandle | undefined> => {
    const place = await placeOf(rawPath);
    return place === undefined ? undefined : openUnlinked(place, O_DIRECTORY);
  };
  /** Where an entry is, by a path that only its last name can change. */
  const placeOf = async (rawPath: string): Promise<Buffer | undefined> => {
    const names = rawPath.split("/");
    if (names.some((name) => name === "" || name === "." || name === "..")) return undefined;
    if (!byDescriptor) return Buffer.from(`${Buffer.from(join(path, "/")).toString("latin1")}${rawPath}`, "latin1");
    const folder = await folderAt(names.slice(0, -1).join("/"));
    return folder === undefined ? undefined : Buffer.from(`/proc/self/fd/${folder.fd}/${names.at(-1) ?? ""}`, "latin1");
  };

  return {
    openFolder: folderAt,
    read: async (rawPath) => {
      const place = await placeOf(rawPath);
      if (place === undefined) return undefined;
      const file = await openUnlinked(place, O_NONBLOCK);
      if (file === undefined) return readLink(place);
      const stats = await file.stat();
      if (stats.isFile()) return { kind: "file", file, mode: stats.mode, size: stats.size };
      await file.close();
      return undefined;
    },
    has: async (rawPath) => {
      const place = await placeOf(rawPath);
      if (place === undefined) return false;
      return lstat(place).then(
        () => true,
        () => false,
      );
    },
    close: async () => {
      for (const folder of await Promise.all(opened.values())) await folder?.close();
    },
  };
}

/** An open folder as another program of this user can name it while it is open; where that can't be, by its path. */
export function pathOf(folder: FileHandle, path: string): string {
  return byDescriptor ? `/proc/${process.pid}/fd/${folder.fd}` : path;
}

/** Changes the permissions of a folder below another, on whose way a link leads nowhere: a run that is there already may have put one. */
export async function chmodBelow(folder: string, path: string, mode: number): Promise<void> {
  const pinned = await pinFolder(folder);
  try {
    const place = await pinned.openFolder(Buffer.from(path).toString("latin1"));
    await place?.chmod(mode);
  } finally {
    await pinned.close();
  }
}

/** What isn't there, is a link, has no reader (a socket), or changes its kind meanwhile. */
const absent: readonly (string | undefined)[] = ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "EINVAL"];

async function openUnlinked(place: Buffer, flags: number): Promise<FileHandle | undefined> {
  try {
    return await open(place, O_RDONLY | flags | (byDescriptor ? O_NOFOLLOW : O_NOFOLLOW_ANY));
  } catch (error) {
    if (absent.includes(systemCode(error))) return undefined;
    throw error;
  }
}

async function readLink(place: Buffer): Promise<PinnedEntry | undefined> {
  try {
    if (!(await lstat(place)).isSymbolicLink()) return undefined;
    return { kind: "link", target: await readlink(place, { encoding: "buffer" }) };
  } catch (error) {
    if (absent.includes(systemCode(error))) return undefined;
    throw error;
  }
}
