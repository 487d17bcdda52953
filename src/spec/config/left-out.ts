import { type Located, toJson, without } from "../reading/located.ts";
import type { ConfigDocument, ConfigField, FoundConfig, LeftOut } from "../resolve/resolution.ts";
import { type LaunchConfig, launchConfigSchema } from "./launch-config.ts";
import { reachesOf } from "./reach.ts";

export type CountedConfig = {
  readonly config: LaunchConfig;
  readonly tree: Located;
  readonly leftOut?: LeftOut;
};

/** What counts of a valid config: all of one that was named, is the user's own or is trusted; of another what reaches no further than a build. */
export function countedConfig(config: LaunchConfig, tree: Located, { name, found }: ConfigDocument): CountedConfig {
  const reaches = found?.kind === "untrusted" ? reachesOf(config) : [];
  if (found?.kind !== "untrusted" || reaches.length === 0) return { config, tree };
  const rest = reaches.reduce((whole, { keys }) => without(whole, keys), tree);
  const fields = reaches.map(({ field }) => field);
  return {
    config: launchConfigSchema.parse(toJson(rest)),
    tree: rest,
    leftOut: { name, fields, words: leftOutWords(name, fields, found) },
  };
}

/** How a config that was only found comes to count, for a message's end. */
export const howToTrust =
  "`launch trust` has it count as it is now; or name it (--launch-config, LAUNCH_CONFIG, the action's input launch-config)";

function leftOutWords(
  name: string,
  fields: readonly ConfigField[],
  found: Extract<FoundConfig, { kind: "untrusted" }>,
): string {
  const what = fields.map(fieldWords).join(", ");
  return `${name}: ${why(fields, found)}, so this doesn't count: ${what}; ${howToTrust}`;
}

function why(fields: readonly ConfigField[], { before, problem }: Extract<FoundConfig, { kind: "untrusted" }>): string {
  if (problem !== undefined) return `it can't be said whether it is trusted (${problem})`;
  if (before === undefined) return "nobody named it, and it isn't trusted";
  const changes = changesOf(before, fields);
  return `it has changed since it was trusted (${changes.length === 0 ? "not in what it allows" : changes.join(", ")})`;
}

/** `allow.mounts [{"path":"/data"}]`, on one line and short. */
function fieldWords(field: ConfigField): string {
  return plain(`${field.path} ${valueWords(field)}`);
}

/** `allow.mounts was none, is […]`: what two states of a config allow, where it differs. */
export function changesOf(before: readonly ConfigField[], after: readonly ConfigField[]): readonly string[] {
  const paths = new Set([...before, ...after].map(({ path }) => path));
  return [...paths].flatMap((path) => {
    const [was, is] = [before, after].map((fields) => valueWords(fields.find((field) => field.path === path)));
    return was === is ? [] : [plain(`${path} was ${was ?? ""}, is ${is ?? ""}`)];
  });
}

const maxValue = 80;

function valueWords(field: ConfigField | undefined): string {
  const text = field === undefined ? "none" : JSON.stringify(field.value);
  return text.length > maxValue ? `${text.slice(0, maxValue - 1)}…` : text;
}

/** It quotes what somebody else wrote. */
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, " ");
}
