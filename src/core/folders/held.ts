import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  openSync,
  type Stats,
} from "node:fs";
import { systemCode } from "../errors.ts";

/*
 * An entry of a folder that others may change meanwhile, held open: whatever its name means by then, what is looked at and what is changed
 * are one thing. Linux holds anything without reading it, with whatever permissions it has, and names it in /proc. All at once: as promises
 * these short calls take several times as long, and a run may leave thousands of files.
 */

export type HeldEntry = {
  /** As it was when it was taken hold of. */
  readonly stats: Stats;
  /** By this it, and what lies below it, can be named while it is held. */
  readonly path: string;
  chmod(mode: number): void;
  chown(uid: number, gid: number): void;
  close(): void;
};

const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
/** <fcntl.h> of Linux; its value is the same on all machines that Node is made for. */
const O_PATH = 0o10000000;
/** <sys/fcntl.h> of macOS. */
const O_NOFOLLOW_ANY = 0x20000000;

/** Takes hold of what is there, of a link itself. Where the path is one below a held folder, no link is on the way to it. */
export function hold(path: string | Buffer): HeldEntry {
  return process.platform === "linux" ? holdInProc(path) : holdOpen(path);
}

function holdInProc(path: string | Buffer): HeldEntry {
  const fd = openSync(path, O_PATH | O_NOFOLLOW);
  const held = `/proc/self/fd/${fd}`;
  return withStats(fd, {
    path: held,
    chmod: (mode) => chmodSync(held, mode),
    chown: (uid, gid) => chownSync(held, uid, gid),
  });
}

function holdOpen(path: string | Buffer): HeldEntry {
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW_ANY);
  } catch (error) {
    // What may not be read can't be held there: it goes by its path.
    if (systemCode(error) === "EACCES") return unheld(path);
    throw error;
  }
  return withStats(fd, {
    path: path.toString(),
    chmod: (mode) => fchmodSync(fd, mode),
    chown: (uid, gid) => fchownSync(fd, uid, gid),
  });
}

function unheld(path: string | Buffer): HeldEntry {
  return {
    stats: lstatSync(path),
    path: path.toString(),
    chmod: (mode) => chmodSync(path, mode),
    chown: (uid, gid) => chownSync(path, uid, gid),
    close: () => undefined,
  };
}

function withStats(fd: number, entry: Omit<HeldEntry, "stats" | "close">): HeldEntry {
  try {
    return { ...entry, stats: fstatSync(fd), close: () => closeSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
