import { LaunchError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
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

/** GitHub's, GitLab's, Hugging Face's, AWS's, Slack's and OpenAI's tokens, and private keys. */
const tokenForms =
  /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,}|glpat-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,}|(?:AKIA|ASIA)[A-Z0-9]{16}|xox[abprs]-[A-Za-z0-9-]{20,}|sk-[A-Za-z0-9_-]{32,})\b|-----BEGIN [A-Z ]*PRIVATE KEY-----/;

type Known = { readonly redact: (text: string) => string; readonly called: string };

/** Throws `refused` for the first secret among them, with its place and never with its value. */
export function refuseSecretValues(spoken: SpokenValues): void {
  const { spec, origins, environment, tokens, known: others, storeIsHere } = spoken;
  const named: readonly Known[] = [
    ...tokens
      .filter((value) => value.length >= minSecretLength)
      .map((value) => ({ redact: redactionOf([value]), called: "a git host's token" })),
    ...ownSecrets(environment).map(({ name, value }) => ({ redact: redactionOf([value]), called: `that of ${name}` })),
    { redact: others.sure, called: "that of a secret" },
  ];
  for (const { path, text } of textsIn(spec, "")) {
    const found = named.find(({ redact }) => redact(text) !== text);
    const what = found?.called ?? (!storeIsHere && tokenForms.test(text) ? "a token by its form" : undefined);
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
