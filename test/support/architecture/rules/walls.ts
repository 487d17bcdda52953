import { dirname } from "node:path";
import { type Doors, doorsOfPlugin, everyFile } from "../doors.ts";
import { type Import, importsOf, show } from "../imports.ts";
import { pluginOf } from "../rooms.ts";
import { foldersAbove, foldersOf, type Tree } from "../tree.ts";

/** A file beside a folder of its name is the folder's face, and of its room: `run/transitions.ts` of `run/transitions/`. */
function isWithin(file: string, room: string): boolean {
  return file.startsWith(`${room}/`) || file === `${room}.ts`;
}

/** Who comes from outside a room imports one of its doors. A door of a room is one of the rooms within it too. */
export function importsThroughWalls(tree: Tree, doors: Doors): readonly string[] {
  const walls = importsOf(tree).filter((entry) => entry.isInside && wallBefore(entry, doors) !== undefined);
  return walls.map((entry) => `${show(entry)}, which is no door of ${wallBefore(entry, doors) ?? ""}`);
}

function wallBefore({ file, target }: Import, doors: Doors): string | undefined {
  for (const room of foldersAbove(target)) {
    const named = doorsOf(room, doors);
    if (named.includes(nameIn(room, target))) return undefined;
    if (!isWithin(file, room) && !named.includes(everyFile)) return room;
  }
  return undefined;
}

function doorsOf(room: string, doors: Doors): readonly string[] {
  const isPlugin = pluginOf(`${room}/index.ts`) === room;
  return (doors[room] ?? (isPlugin ? doorsOfPlugin : "")).split(" ").filter((door) => door !== "");
}

function nameIn(room: string, path: string): string {
  return path.slice(room.length + 1).replace(/\.ts$/, "");
}

/** Doors that nobody opens from outside, that lead nowhere, or that an outer room has too. */
export function uselessDoors(tree: Tree, doors: Doors): readonly string[] {
  const imports = importsOf(tree).filter(({ isInside }) => isInside);
  return Object.keys(doors).flatMap((room) => {
    const isUsed = (door: string): boolean =>
      imports.some(({ file, target }) => target === `${room}/${door}.ts` && !isWithin(file, room));
    const isOfOuter = (door: string): boolean =>
      foldersAbove(room).some((outer) => doorsOf(outer, doors).includes(`${room.slice(outer.length + 1)}/${door}`));
    return doorsOf(room, doors)
      .filter((door) => door !== everyFile && (!isUsed(door) || isOfOuter(door)))
      .map((door) => `${room}: nobody needs the door "${door}"`);
  });
}

/** Folders that the table of doors forgets, and rooms in it that are no more. */
export function roomsBesideTheTable(tree: Tree, doors: Doors): readonly string[] {
  const folders = foldersOf(tree).filter((folder) => folder !== "." && pluginOf(`${folder}/index.ts`) !== folder);
  const above = new Set([...tree.keys()].flatMap((path) => foldersAbove(path)));
  return [
    ...folders.filter((folder) => !(folder in doors)).map((folder) => `${folder} has no line in the table of doors`),
    ...Object.keys(doors)
      .filter((room) => !above.has(room))
      .map((room) => `${room} is in the table of doors and nowhere else`),
  ];
}

/** More files on a level are more than one sees at a glance. */
const most = 20;

export function crowdedFolders(tree: Tree): readonly string[] {
  return foldersOf(tree).flatMap((folder) => {
    const files = [...tree.keys()].filter((path) => dirname(path) === folder).length;
    return files > most ? [`${folder} has ${files} files on a level, ${most} are allowed`] : [];
  });
}
