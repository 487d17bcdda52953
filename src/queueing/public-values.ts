import { LaunchError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { minSecretLength } from "../core/output/redaction.ts";
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
};

/** Names of variables whose values are kept secret everywhere. */
const secretName = /(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS?)$/i;

/** Below this a value is also an ordinary word. */
const surelySecretLength = 8;

/** GitHub's, GitLab's, Hugging Face's, AWS's, Slack's and OpenAI's tokens, and private keys. */
const tokenForms =
  /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,}|glpat-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,}|(?:AKIA|ASIA)[A-Z0-9]{16}|xox[abprs]-[A-Za-z0-9-]{20,}|sk-[A-Za-z0-9_-]{32,})\b|-----BEGIN [A-Z ]*PRIVATE KEY-----/;

type Known = { readonly value: string; readonly called: string };

/** Throws `refused` for the first secret among them, with its place and never with its value. */
export function refuseSecretValues({ spec, origins, environment, tokens }: SpokenValues): void {
  const known: readonly Known[] = [
    ...tokens
      .filter((value) => value.length >= minSecretLength)
      .map((value) => ({ value, called: "a git host's token" })),
    ...Object.entries(environment).flatMap(([name, value = ""]) =>
      secretName.test(name) && value.length >= surelySecretLength ? [{ value, called: `that of ${name}` }] : [],
    ),
  ];
  for (const { path, text } of textsIn(spec, "")) {
    const found = known.find(({ value }) => text.includes(value));
    const what = found?.called ?? (tokenForms.test(text) ? "a token by its form" : undefined);
    if (what === undefined) continue;
    throw new LaunchError(
      "refused",
      `${path}${placeOf(path, origins)}: the value is ${what}, and everybody who can read the store could read it; name it in the spec's \`secrets\`, and give the value in the launch config of the agent`,
    );
  }
}

type Text = { readonly path: string; readonly text: string };

function textsIn(value: Json, path: string): readonly Text[] {
  if (typeof value === "string") return [{ path, text: value }];
  if (Array.isArray(value)) return value.flatMap((item: Json, index) => textsIn(item, `${path}[${index}]`));
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, item]) => textsIn(item, path === "" ? key : `${path}.${key}`));
}

/** ` (launch.yaml:7:13)`: where the value, or what it is a part of, was written. */
function placeOf(path: string, origins: readonly ExplainRow[]): string {
  const rows = origins.filter(
    (row) => path === row.path || path.startsWith(`${row.path}.`) || path.startsWith(`${row.path}[`),
  );
  const [nearest] = [...rows].sort((a, b) => b.path.length - a.path.length);
  return nearest === undefined ? "" : ` (${nearest.origin})`;
}
