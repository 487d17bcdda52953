import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { builders } from "../src/builders/index.ts";
import { environments } from "../src/environments/index.ts";
import { registries } from "../src/registries/index.ts";
import { resources } from "../src/resources/index.ts";
import { sources } from "../src/sources/index.ts";
import { stores } from "../src/stores/index.ts";

const catalogs: Readonly<Record<string, Readonly<Record<string, { readonly load: unknown }>>>> = {
  builders,
  environments,
  registries,
  resources,
  sources,
  stores,
};
/** The folders of src/ in layers, lowest first: each may import itself and what is lower, never its equals and never upwards. */
const layers = [
  ["core"],
  ["run"],
  ["clients", "queues"],
  Object.keys(catalogs),
  ["spec", "reporting"],
  ["machine"],
  ["launch"],
  ["queueing"],
  ["inspect", "agent"],
  ["submit"],
  ["github"],
  ["action", "cli"],
];
const heights: Readonly<Record<string, number>> = Object.fromEntries(
  layers.flatMap((folders, height) => folders.map((folder) => [folder, height] as const)),
);
/** Packages that one folder alone may import. */
const reserved: Readonly<Record<string, string>> = { "@actions/": "action", "@octokit/": "github", commander: "cli" };

const src = resolve(import.meta.dirname, "../src");

type Import = { readonly file: string; readonly target: string; readonly dynamic: boolean };

const imports: readonly Import[] = globSync("**/*.ts", { cwd: src }).flatMap((file) => {
  const text = readFileSync(join(src, file), "utf8");
  return [
    ...[...text.matchAll(/^(?:import|export)\s(?:[^"';]*\sfrom\s)?"([^"]+)"/gm)].map(
      (match) => [match[1], false] as const,
    ),
    ...[...text.matchAll(/\bimport\(\s*"([^"]+)"/g)].map((match) => [match[1], true] as const),
  ].map(([name = "", dynamic]) => ({
    file,
    dynamic,
    target: name.startsWith(".") ? relative(src, resolve(src, dirname(file), name)) : name,
  }));
});

/** Of src/ itself; packages and files above it are told apart by their first character. */
const inside = ({ target }: Import): boolean => /^[a-z-]+\/.*\.ts$/.test(target);
const folderOf = (path: string): string => (path.includes("/") ? path.slice(0, path.indexOf("/")) : "");
/** `builders/docker` of `builders/docker/buildx.ts`; undefined for what is no plug-in's. */
const pluginOf = (path: string): string | undefined => {
  const [kind = "", name = "", rest] = path.split("/");
  return kind in catalogs && rest !== undefined ? `${kind}/${name}` : undefined;
};
const show = ({ file, target }: Import): string => `${file} imports ${target}`;

test("imports go down only", () => {
  const upwards = imports.filter(inside).filter(({ file, target }) => {
    const [from, to] = [folderOf(file), folderOf(target)];
    if (from === "" || from === to) return false;
    const bothKinds = from in catalogs && to in catalogs;
    return bothKinds ? target.endsWith("/index.ts") : !((heights[to] ?? 99) < (heights[from] ?? -1));
  });
  expect(upwards.map(show)).toEqual([]);
});

test("every folder of src/ has its height", () => {
  const folders = readdirSync(src, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).filter((name) => !(name in heights))).toEqual([]);
});

test("a plug-in imports its own folder, its kind, the clients, the queues' rules and core", () => {
  const strangers = imports.filter(inside).filter(({ file, target }) => {
    const plugin = pluginOf(file);
    if (plugin === undefined || pluginOf(target) === plugin) return false;
    const kind = dirname(target) === folderOf(file) && !target.endsWith("/index.ts");
    return !kind && !["clients", "queues", "run", "core"].includes(folderOf(target));
  });
  expect(strangers.map(show)).toEqual([]);
});

test("a plug-in is reached by its schema.ts and traits.ts, or by its catalog's import()", () => {
  const reached = imports.filter(inside).filter(({ file, target, dynamic }) => {
    const plugin = pluginOf(target);
    if (
      plugin === undefined ||
      pluginOf(file) === plugin ||
      [`${plugin}/schema.ts`, `${plugin}/traits.ts`].includes(target)
    )
      return false;
    return !(dynamic && file === `${folderOf(target)}/index.ts` && target === `${plugin}/index.ts`);
  });
  expect(reached.map(show)).toEqual([]);
});

test("a schema.ts imports zod and nothing else", () => {
  const schemas = imports.filter(({ file }) => pluginOf(file) !== undefined && file.endsWith("/schema.ts"));
  expect(schemas.filter(({ target }) => target !== "zod").map(show)).toEqual([]);
});

test("GitHub's packages and the command line's stay in their folders", () => {
  const strays = imports.filter(({ file, target }) =>
    Object.entries(reserved).some(([name, folder]) => target.startsWith(name) && folderOf(file) !== folder),
  );
  expect(strays.map(show)).toEqual([]);
});

test.each(Object.entries(catalogs))("the folders of src/%s are the keys of its catalog", (kind, catalog) => {
  const folders = readdirSync(join(src, kind), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(catalog).sort());
  for (const [name, { load }] of Object.entries(catalog)) {
    expect(existsSync(join(src, kind, name, "index.ts")), `${kind}/${name}/index.ts`).toBe(load !== undefined);
  }
});
