import { statSync } from "node:fs";
import { dirname } from "node:path";
import { isInside, realPathNow, steadyFolders } from "../../core/folders/real-path.ts";
import type { ResourceContext } from "../resource.ts";

/*
 * Which folder of this machine a container may have. Docker looks its path up when the container starts, long after it was allowed here, and
 * follows links. So a path counts only if nothing on it can be another thing by then: no run writes above it, and no other user.
 */

export type AllowedFolder =
  /** The real path, and what the launch config says of it. */
  | { readonly kind: "allowed"; readonly path: string; readonly configured: string; readonly readOnly: boolean }
  /** Goes on after "the mount … is refused:". */
  | { readonly kind: "refused"; readonly why: string };

const refused = (why: string): AllowedFolder => ({ kind: "refused", why });

/** A folder of `allow.mounts`, or one below a read-only folder of it: the nearest decides. */
export function allowedFolder(source: string, { mounts, ownFolders = [] }: ResourceContext): AllowedFolder {
  const path = realPathNow(source);
  if (path === undefined) return refused(`there is no ${source} on this machine`);
  const configured = steadyFolders(
    mounts,
    mounts.filter(({ readOnly }) => !readOnly).map((mount) => mount.path),
  );
  const [nearest] = configured
    .filter(({ real }) => isInside(path, real))
    .sort((a, b) => b.real.length - a.real.length || Number(b.readOnly) - Number(a.readOnly));
  if (nearest === undefined) {
    const paths = mounts.map((mount) => mount.path).join(", ");
    return refused(
      `the launch config allows ${paths === "" ? "no folders" : `only what is in ${paths}`}; add it to allow.mounts`,
    );
  }
  const writable = configured.find(({ readOnly, real }) => !readOnly && real !== path && isInside(path, real));
  if (writable !== undefined)
    return refused(
      `it is below ${writable.path}, which runs may write, so one of them could put another folder in its place; mount ${writable.path} itself, or allow a folder that is not below it`,
    );
  const own = ownFolders
    .map((folder) => realPathNow(folder) ?? folder)
    .find((folder) => isInside(path, folder) || (!nearest.readOnly && isInside(folder, path)));
  if (own !== undefined) return refused(`${own} is the launcher's own`);
  const open = path === nearest.real ? undefined : writableOnTheWay(path, nearest.real);
  if (open !== undefined)
    return refused(
      `others than this user may write in ${open}, and could put another folder in its place; add ${path} itself to allow.mounts`,
    );
  return { kind: "allowed", path, configured: nearest.path, readOnly: nearest.readOnly };
}

/** The first folder, from the allowed one down to what has the mounted one, in which somebody besides root and us may rename. */
function writableOnTheWay(path: string, from: string): string | undefined {
  const us = process.getuid?.();
  const way: string[] = [];
  for (let at = dirname(path); isInside(at, from); at = dirname(at)) {
    way.unshift(at);
    if (at === from) break;
  }
  return way.find((folder) => {
    const { uid, mode } = statSync(folder);
    return (uid !== 0 && uid !== us) || (mode & 0o022) !== 0;
  });
}
