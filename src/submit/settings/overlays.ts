import { LaunchError } from "../../core/errors.ts";
import { isJsonObject, type Json, toJson } from "../../core/json.ts";
import { defaultResource, resourceOfDockerOptions } from "../../resources/index.ts";
import type { Overlay } from "../../spec/resolve/resolution.ts";
import { launchTable } from "./launch-table.ts";
import { givenSettings, type LaunchSettings, type SettingName } from "./tables.ts";

/*
 * What is said of a launch outside of its spec, as values at their places in the spec: from here on there is one way to a spec, whichever
 * door a setting came through.
 */

/** `resourceArgs` are read already: the arguments of `resource`, or a map from resources to theirs. */
export type ReadSettings = Omit<LaunchSettings, "resourceArgs"> & { readonly resourceArgs?: Json | undefined };

export type OverlaysRequest = {
  readonly settings: ReadSettings;
  /** What a setting is called where it was given: `--resource`, `input resource`. */
  readonly nameOf: (setting: SettingName) => string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The names of the resources, to tell the two forms of `resourceArgs` apart. */
  readonly resourceNames: readonly string[];
};

/** The settings as values at their paths in the spec. Throws `bad-usage` for one that can't be read. */
export function overlaysOf(request: OverlaysRequest): readonly Overlay[] {
  const { settings, nameOf } = request;
  const overlays: Overlay[] = [...plainOverlaysOf(request)];
  if (settings.args !== undefined && settings.args.length > 0) {
    overlays.push({ origin: nameOf("args"), path: launchTable.args.path, value: settings.args, append: true });
  }
  for (const text of settings.set ?? []) overlays.push(runConfigOf(text, nameOf("set")));
  for (const text of settings.env ?? []) overlays.push(variableOf(text, nameOf("env"), request.environment));
  for (const text of settings.secretVariables ?? []) overlays.push(secretOf(text, nameOf("secretVariables")));
  for (const text of settings.templateVariables ?? []) {
    overlays.push(templateVariableOf(text, nameOf("templateVariables")));
  }
  overlays.push(...resourceArgsOf(request), ...dockerArgsOf(settings.dockerArgs ?? [], nameOf("dockerArgs")));
  return overlays;
}

/** Those whose text is the value. */
function plainOverlaysOf({ settings, nameOf }: OverlaysRequest): readonly Overlay[] {
  return givenSettings({ ...settings, resourceArgs: undefined }).flatMap(({ name, setting, value }) => {
    const { kind, path } = setting;
    const isPlain = path !== undefined && (kind === "text" || kind === "command");
    return isPlain ? [{ origin: nameOf(name), path, value }] : [];
  });
}

/** `a.b=1` is `{a: {b: 1}}` in run_config; a dot that belongs to a name is written `\.`. */
export function runConfigOf(text: string, origin: string): Overlay {
  const [name, value] = pairOf(text);
  const keys = name.split(/(?<!\\)\./).map((key) => key.replaceAll("\\.", "."));
  if (value === undefined || keys.includes("")) {
    throw new LaunchError(
      "bad-usage",
      `${origin} "${text}": give NAME=VALUE, with dots for nested names (optimizer.lr=0.1)`,
    );
  }
  return { origin, path: [...launchTable.set.path, ...keys], value: scalarOf(value) };
}

function variableOf(text: string, origin: string, environment: OverlaysRequest["environment"]): Overlay {
  const [name, given] = pairOf(text);
  const value = given ?? environment[name];
  if (name === "") throw new LaunchError("bad-usage", `${origin} "${text}": give NAME=VALUE or NAME`);
  if (value === undefined) {
    throw new LaunchError("bad-usage", `${origin} "${name}": the variable is not set here; give ${name}=VALUE`);
  }
  return { origin, path: [...launchTable.env.path, name], value };
}

function secretOf(text: string, origin: string): Overlay {
  const [variable, secret] = pairOf(text);
  if (variable === "" || secret === "") {
    throw new LaunchError("bad-usage", `${origin} "${text}": give VARIABLE=NAME or NAME; never a secret's value`);
  }
  return { origin, path: [...launchTable.secretVariables.path, variable], value: secret ?? variable };
}

function templateVariableOf(text: string, origin: string): Overlay {
  const [name, value] = pairOf(text);
  if (name === "" || value === undefined) throw new LaunchError("bad-usage", `${origin} "${text}": give NAME=VALUE`);
  return { origin, path: [...launchTable.templateVariables.path, name], value };
}

function resourceArgsOf({ settings, nameOf, resourceNames }: OverlaysRequest): readonly Overlay[] {
  const value = settings.resourceArgs;
  if (value === undefined) return [];
  const origin = nameOf("resourceArgs");
  if (!isJsonObject(value)) {
    throw new LaunchError("bad-usage", `${origin} must be a map of arguments, not ${JSON.stringify(value)}`);
  }
  const keys = Object.keys(value);
  if (keys.length > 0 && keys.every((key) => resourceNames.includes(key))) {
    return [{ origin, path: launchTable.resourceArgs.path, value }];
  }
  if (settings.resource === undefined) {
    throw new LaunchError(
      "bad-usage",
      `${origin} doesn't say of which resource: give ${nameOf("resource")} too, or put them under its name: {"${defaultResource}": {…}}`,
    );
  }
  return [{ origin, path: [...launchTable.resourceArgs.path, settings.resource], value }];
}

/** One argument given several times is a list, as with `docker run`. */
function dockerArgsOf(texts: readonly string[], origin: string): readonly Overlay[] {
  const values = new Map<string, Json[]>();
  for (const text of texts) {
    const [name, value] = pairOf(text);
    const key = name.replace(/^--?/, "");
    if (key === "") throw new LaunchError("bad-usage", `${origin} "${text}": give NAME=VALUE or NAME, as gpus=all`);
    values.set(key, [...(values.get(key) ?? []), value === undefined ? true : scalarOf(value)]);
  }
  return [...values].map(([key, list]) => ({
    origin,
    path: [...launchTable.dockerArgs.path, resourceOfDockerOptions, key],
    value: list.length === 1 ? (list[0] ?? null) : list,
  }));
}

function pairOf(text: string): readonly [string, string | undefined] {
  const at = text.indexOf("=");
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** JSON where it is some (`1e-4`, `true`, `[1, 2]`, `"01"`), a number as people write it (`.5`), else the text itself. */
function scalarOf(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return toJson({ value })["value"] ?? null;
  } catch {
    return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text) && !/^[-+]?0\d/.test(text) ? Number(text) : text;
  }
}
