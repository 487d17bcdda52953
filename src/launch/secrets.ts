import { readFile } from "node:fs/promises";
import { LaunchError, messageOf } from "../core/errors.ts";
import { ownSecretValues } from "../core/output/own-secrets.ts";
import { minSecretLength, type Redact, redactionOf } from "../core/output/redaction.ts";
import { knownTokens } from "../core/token.ts";
import { howToTrust } from "../spec/config/left-out.ts";
import { pathOf } from "../spec/reading/located.ts";
import type { LeftOut } from "../spec/resolve/resolution.ts";
import { buildSecretNames } from "./open-image.ts";
import type { LaunchRequest, Services } from "./services.ts";

/** Where the launch config says that a secret's value is. */
export type SecretPlace = { readonly env: string } | { readonly file: string };

export type SecretsRequest = {
  /** Variable in the run → name of the secret. */
  readonly wanted: Readonly<Record<string, string>>;
  /** Values handed over for this launch (the action's `secrets` input). They win. */
  readonly given: Readonly<Record<string, string>>;
  readonly places: Readonly<Record<string, SecretPlace>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What of the launch config doesn't count: a secret may be among it. */
  readonly leftOut?: LeftOut | undefined;
};

/** The values of the secrets that a spec asks for, by variable. Throws `refused` for one that this place doesn't have. */
export async function resolveSecrets(request: SecretsRequest): Promise<Readonly<Record<string, string>>> {
  const values: Record<string, string> = {};
  for (const [variable, name] of Object.entries(request.wanted)) {
    const given = Object.hasOwn(request.given, name) ? request.given[name] : undefined;
    const value = given ?? (await fromPlace(name, request));
    if (value.length < minSecretLength) {
      throw new LaunchError(
        "refused",
        `secret "${name}" is shorter than ${minSecretLength} characters: it could not be kept out of the log; use a longer value, or \`env\``,
      );
    }
    values[variable] = value;
  }
  return values;
}

async function fromPlace(name: string, { places, environment, given, leftOut }: SecretsRequest): Promise<string> {
  const place = Object.hasOwn(places, name) ? places[name] : undefined;
  if (place === undefined) {
    if (leftOut?.fields.some(({ path }) => path === pathOf("secrets", name)) === true) {
      throw new LaunchError(
        "refused",
        `secret "${name}" is known by ${leftOut.name} alone, which nobody named: ${howToTrust}`,
      );
    }
    const known = [...Object.keys(given), ...Object.keys(places)];
    const has = known.length === 0 ? "none is given here" : `given here: ${known.join(", ")}`;
    throw new LaunchError(
      "refused",
      `secret "${name}" is not known (${has}); add it to \`secrets\` of the launch config, or to the action's input \`secrets\``,
    );
  }
  return readSecret(`secret "${name}"`, place, environment);
}

/** The value at a place that the launch config names. Throws `refused` when it isn't to be had; `what` begins the message. */
export async function readSecret(
  what: string,
  place: SecretPlace,
  environment: SecretsRequest["environment"],
): Promise<string> {
  if ("env" in place) {
    const value = environment[place.env];
    if (value === undefined || value === "") {
      throw new LaunchError(
        "refused",
        `${what}: the variable ${place.env}, which the launch config names, is not set here`,
      );
    }
    return value;
  }
  try {
    return (await readFile(place.file, "utf8")).replace(/\r?\n$/, "");
  } catch (error) {
    throw new LaunchError(
      "refused",
      `${what}: the file ${place.file}, which the launch config names, can't be read: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

export type LaunchSecrets = {
  /** For the run, by variable. */
  readonly run: Readonly<Record<string, string>>;
  /** For the image's build, by name. */
  readonly build: Readonly<Record<string, string>>;
};

/** All secrets that a launch needs, before anything is done with it. */
export async function launchSecrets(request: LaunchRequest, { environment }: Services): Promise<LaunchSecrets> {
  const { spec, config, leftOut } = request;
  const from = { given: request.secrets, places: config.secrets, environment, leftOut };
  return {
    run: await resolveSecrets({ wanted: spec.secrets, ...from }),
    build: await resolveSecrets({ wanted: buildSecretNames(config), ...from }),
  };
}

type Knowing = Pick<Services, "environment" | "tokens">;

/** Values that are secret whatever is launched: the launcher's own, the tokens that are known by now, and what was handed over. */
function valuesOfPlace(
  { secrets }: Pick<LaunchRequest, "secrets">,
  { environment, tokens }: Knowing,
): readonly string[] {
  return [...ownSecretValues(environment), ...knownTokens(tokens), ...Object.values(secrets)];
}

/** Before the secrets of a launch are opened. */
export function redactionOfPlace(request: Pick<LaunchRequest, "secrets">, services: Knowing): Redact {
  return redactionOf(valuesOfPlace(request, services));
}

/** Takes them, and what is secret whatever is launched, out of every word. */
export function redactionOfSecrets(
  { run, build }: LaunchSecrets,
  request: Pick<LaunchRequest, "secrets">,
  services: Knowing,
): Redact {
  return redactionOf([...Object.values(run), ...Object.values(build), ...valuesOfPlace(request, services)]);
}

/** All values that are known to be secret here, wanted or not, for what leaves before the secrets of a launch are opened. */
export async function redactionOfKnown(
  request: Pick<LaunchRequest, "secrets" | "config">,
  services: Knowing,
): Promise<Redact> {
  const places = Object.values(request.config.secrets);
  const read = await Promise.allSettled(places.map((place) => readSecret("secret", place, services.environment)));
  const values = read.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  return redactionOf([...values, ...valuesOfPlace(request, services)]);
}

/** A run is found by its names, so they are not rewritten: one that holds a secret is refused. Values that are also words don't count. */
export function refuseSecretNames({ spec, by }: Pick<LaunchRequest, "spec" | "by">, { sure }: Redact): void {
  const { run_id, name, project, entity, author, queue } = spec;
  for (const [field, value] of Object.entries({ run_id, name, project, entity, author, queue, by })) {
    if (value === undefined || sure(value) === value) continue;
    throw new LaunchError(
      "refused",
      `${field}: it holds the value of a secret, and whoever sees the run would read it; give another`,
    );
  }
}
