import { builderReaches } from "../../builders/index.ts";
import { isJsonObject, type Json, toJson } from "../../core/json.ts";
import { withoutCredentials } from "../../core/output/credentials.ts";
import { pathOf } from "../reading/located.ts";
import type { ConfigField } from "../resolve/resolution.ts";
import { type LaunchConfig, launchConfigSchema } from "./launch-config.ts";

/** What any config may say, also one that lies beside what it is the ceiling of: names, and where images are built and kept. */
const plain: readonly string[] = [
  "entity",
  "project",
  "environment",
  "registry",
  "builder",
  "profiles",
  "queues",
  "max_jobs",
  "slots",
  "lease",
];

/** Keys of `allow` that only take away: without them, all of their kind is allowed. A folder in one gives. */
const narrowing: readonly string[] = ["resources", "sources", "build_network"];
const isFolder = (item: unknown): boolean => typeof item === "string" && item.startsWith("/");

/** A part of a launch config that reaches further than a build: its path, to take it out by, and how people write it. */
export type Reach = { readonly keys: readonly string[]; readonly field: ConfigField };

/**
 * What of a config gives runs more than this place gives them without one: folders, networks, secrets, a store. A config that was only found
 * in the working folder may come from whoever wrote the code there, so none of this counts until somebody has named or trusted it.
 */
export function reachesOf(config: LaunchConfig): readonly Reach[] {
  const written = toJson(config);
  const { allow, secrets, profiles, builder } = config;
  const keys = Object.keys(written).filter((key) => !plain.includes(key) && key !== "allow" && key !== "secrets");
  return [
    ...builderKeys(builder),
    ...Object.entries(profiles).flatMap(([name, profile]) =>
      builderKeys(profile.builder).map((path) => ["profiles", name, ...path]),
    ),
    ...keys.map((key) => [key]),
    ...Object.keys(secrets).map((name) => ["secrets", name]),
    ...Object.entries(allow).flatMap(([key, value]) => (gives(key, value) ? [["allow", key]] : [])),
  ].map((path) => ({ keys: path, field: { path: path.reduce<string>(pathOf, ""), value: shownAt(written, path) } }));
}

function builderKeys(builder: LaunchConfig["builder"]): readonly (readonly string[])[] {
  return builder === undefined ? [] : builderReaches(builder).map((field) => ["builder", field]);
}

function gives(key: string, value: unknown): boolean {
  if (narrowing.includes(key) && Array.isArray(value)) return value.some(isFolder);
  if (narrowing.includes(key)) return false;
  if (Array.isArray(value) && value.length === 0) return false;
  const byDefault: ReadonlyMap<string, unknown> = new Map(Object.entries(launchConfigSchema.shape.allow.parse({})));
  return value !== byDefault.get(key);
}

/** A value for people: a store's URL without its password. */
function shownAt(written: Json, path: readonly string[]): Json {
  const value = path.reduce<Json>((within, key) => (isJsonObject(within) ? (within[key] ?? null) : null), written);
  return typeof value === "string" ? withoutCredentials(value) : value;
}
