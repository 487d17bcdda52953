import { dirname } from "node:path";
import { type Import, importsOf, show } from "../imports.ts";
import { kinds, pluginOf, roomOf } from "../rooms.ts";
import type { Tree } from "../tree.ts";

/** Lower than the kinds, so that a plug-in may use them. */
const belowKinds = ["clients", "queues", "python", "run", "core"];

/** A plug-in imports its own folder, the kinds' files beside it (never a catalog, never another plug-in), and what is below the kinds. */
export function strangeImportsOfPlugins(tree: Tree): readonly string[] {
  const strange = importsOf(tree).filter(({ file, target, isInside }) => {
    const plugin = pluginOf(file);
    if (!isInside || plugin === undefined || pluginOf(target) === plugin) return false;
    return !isKindFile(target) && !belowKinds.includes(roomOf(target));
  });
  return strange.map(show);
}

/** `builders/builder.ts`: of a kind, but of no plug-in and no catalog. */
function isKindFile(path: string): boolean {
  return kinds.includes(dirname(path)) && !path.endsWith("/index.ts");
}

/** A plug-in is reached by its schema.ts and traits.ts, or by its catalog's import(). */
export function sideEntrancesOfPlugins(tree: Tree): readonly string[] {
  const strange = importsOf(tree).filter(({ file, target, kind }) => {
    const plugin = pluginOf(target);
    if (plugin === undefined || pluginOf(file) === plugin) return false;
    if (target === `${plugin}/schema.ts` || target === `${plugin}/traits.ts`) return false;
    return !(kind === "dynamic" && file === `${roomOf(target)}/index.ts` && target === `${plugin}/index.ts`);
  });
  return strange.map(show);
}

/** Both are loaded with every start: a schema.ts imports zod and nothing else; a traits.ts its own schema, types, and what is pure in core and run. */
export function dearSchemasAndTraits(tree: Tree): readonly string[] {
  return importsOf(tree)
    .filter(({ file }) => pluginOf(file) !== undefined)
    .filter((entry) => (entry.file.endsWith("/schema.ts") && entry.target !== "zod") || isDearTrait(entry))
    .map(show);
}

function isDearTrait({ file, target, kind }: Import): boolean {
  if (!file.endsWith("/traits.ts") || kind === "type") return false;
  const pure = ["core/errors.ts", "core/json.ts", "core/duration.ts", "core/image-reference.ts"];
  return target !== `${pluginOf(file) ?? ""}/schema.ts` && !pure.includes(target);
}
