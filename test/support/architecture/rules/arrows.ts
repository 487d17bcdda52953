import { importsOf, show } from "../imports.ts";
import { heightOf, kinds, roomOf } from "../rooms.ts";
import type { Tree } from "../tree.ts";

/** Each room imports itself and what is lower. Kinds know each other by their interfaces only, never by a catalog. */
export function upwardImports(tree: Tree): readonly string[] {
  const upwards = importsOf(tree).filter(({ file, target, isInside }) => {
    const [from, to] = [roomOf(file), roomOf(target)];
    if (!isInside || from === "" || from === to) return false;
    if (kinds.includes(from) && kinds.includes(to)) return target.endsWith("/index.ts");
    return (heightOf(to) ?? Infinity) >= (heightOf(from) ?? -1);
  });
  return upwards.map(show);
}

export function roomsWithoutHeight(tree: Tree): readonly string[] {
  const rooms = new Set([...tree.keys()].map(roomOf));
  return [...rooms].filter((room) => room !== "" && heightOf(room) === undefined);
}
