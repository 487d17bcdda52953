import { LaunchError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { holdsToken, withoutCredentials } from "../core/output/credentials.ts";
import { ownSecrets } from "../core/output/own-secrets.ts";
import { minSecretLength, type Redact, redactionOf } from "../core/output/redaction.ts";
import type { ExplainRow } from "../spec/resolve/resolution.ts";

/*
 * What a queued run is asked with (arguments, variables, its config) is in the store, for whoever can read it. Values that are surely
 * secret are looked for before anything is written: those of this environment's own secrets, and those in the forms that hosts give
 * their tokens.
 */
export type SpokenValues = {
  /** The spec as it would be written. */
  readonly spec: Json;
  /** Where each of its values was written. */
  readonly origins: readonly ExplainRow[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Tokens of hosts, which nobody gives a run on purpose. */
  readonly tokens: readonly string[];
  /** What else is known to be secret here. */
  readonly known: Redact;
  /** Only who could read this machine's files anyway can read the store: what looks like a token stays. */
  readonly storeIsHere: boolean;
};

type Known = { readonly holds: (text: string) => boolean; readonly called: string };

/** Throws `refused` for the first secret among them, with its place and never with its value. */
export function refuseSecretValues(spoken: SpokenValues): void {
  const { spec, origins, environment, tokens, known: others, storeIsHere } = spoken;
  const named: readonly Known[] = [
    ...tokens
      .filter((value) => value.length >= minSecretLength)
      .map((value) => ({ holds: redactionOf([value]).holds, called: "a git host's token" })),
    ...ownSecrets(environment).map(({ name, value }) => ({
      holds: redactionOf([value]).holds,
      called: `that of ${name}`,
    })),
    { holds: others.holds, called: "that of a secret" },
  ];
  for (const { path, text } of textsIn(spec, "")) {
    const found = named.find(({ holds }) => holds(text));
    const what = found?.called ?? (storeIsHere ? undefined : byForm(text));
    if (what === undefined) continue;
    throw new LaunchError(
      "refused",
      `${path}${placeOf(path, origins)}: the value is ${what}, and everybody who can read the store could read it; name it in the spec's \`secrets\`, and give the value in the launch config of the agent`,
    );
  }
}

type Text = { readonly path: string; readonly text: string };

function textsIn(value: Json, path: string): readonly Text[] {
  if (typeof value === "number") return [{ path, text: String(value) }];
  if (typeof value === "string") return [{ path, text: value }];
  if (Array.isArray(value)) return value.flatMap((item: Json, index) => textsIn(item, `${path}[${index}]`));
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, item]) => [
    // Not with itself in its place.
    { path: path === "" ? "a key" : `a key of ${path}`, text: key },
    ...textsIn(item, path === "" ? key : `${path}.${key}`),
  ]);
}

/** ` (launch.yaml:7:13)`: where the value, or what it is a part of, was written. */
function placeOf(path: string, origins: readonly ExplainRow[]): string {
  const rows = origins.filter(
    (row) => path === row.path || path.startsWith(`${row.path}.`) || path.startsWith(`${row.path}[`),
  );
  const [nearest] = [...rows].sort((a, b) => b.path.length - a.path.length);
  return nearest === undefined ? "" : ` (${nearest.origin})`;
}

function byForm(text: string): string | undefined {
  if (holdsToken(text)) return "a token by its form";
  return withoutCredentials(text) === text ? undefined : "a URL or a login with a password in it";
}
