import { type Redact, redactionOf, surelySecretLength } from "./redaction.ts";

/*
 * Secrets of the launcher itself: what its own environment has under names that are given to secrets everywhere. No run asks for them, and
 * none of their values has a reason to be in a record, a message or a log.
 */

/** `GITHUB_TOKEN`, `ACTIONS_RUNTIME_TOKEN`, `INPUT_GITHUB-TOKEN`, `AWS_SECRET_ACCESS_KEY`, `WANDB_API_KEY`, `PGPASSWORD`. */
const secretName =
  /(?:^|[_-])(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PAT|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS?)$|^PGPASSWORD$|^ACTIONS_.*_TOKEN$/i;

/** `postgres://user:password@host`, under whatever name. */
const passwordInUrl = /^[a-z][a-z0-9+.-]*:\/\/[^/?#:@\s]*:([^\s]+)@[^@\s]*$/i;

export type OwnSecret = { readonly name: string; readonly value: string };

export type Variables = Readonly<Record<string, string | undefined>>;

export function ownSecrets(environment: Variables): readonly OwnSecret[] {
  return Object.entries(environment).flatMap(([name, value = ""]) => {
    const secret = secretName.test(name) ? value.trim() : (passwordInUrl.exec(value)?.[1] ?? "");
    return secret.length >= surelySecretLength ? [{ name, value: secret }] : [];
  });
}

/** Takes them out of words; made when it is first wanted, as a command that says nothing needs none. */
export function ownRedaction(environment: Variables): () => Redact {
  let redact: Redact | undefined;
  return () => (redact ??= redactionOf(ownSecretValues(environment)));
}

/** Their values, as they stand and as a URL would have them. */
export function ownSecretValues(environment: Variables): readonly string[] {
  return ownSecrets(environment).flatMap(({ value }) => {
    try {
      return [value, decodeURIComponent(value)];
    } catch {
      return [value];
    }
  });
}
