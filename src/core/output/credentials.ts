import { plainText } from "./terminal-text.ts";

/*
 * Credentials by their form: in URLs, in what tools write of logins, and tokens that their hosts give a form to be known by. They are taken
 * out wherever text leaves the process, whether anybody has said that they are secret or not.
 */

/*
 * Texts come from others, of any length: no expression may look at a character more than a few times. So each begins at something rare
 * (`://`, not the scheme before it), and what may repeat ends where the next could begin.
 */

/** `://user:password@`, up to the last `@` before the path. ssh goes by its user, who is no secret. */
const userinfo = /:\/\/([^\s/?#"'<>]*)@/g;
/** A password with a `/` in it, which no URL may have and people write: what stands behind the colon is no port. */
const oddPassword = /:\/\/([^\s/?#@:"'<>]*):(?!\d{0,5}(?:[\s/?#"'<>]|$))(?:(?!:\/\/)[^\s"'<>@])*@/g;
/** A URL that is itself the value of a parameter. */
const encodedUserinfo = /(%3a%2f%2f)(?:(?!%2f|%3f|%23)[^\s/?#&"'<>])*%40/gi;
const parameter =
  /([?&;#](?:[\w.-]*(?:token|signature|sig|secret|password|passwd|pwd|credentials?|api[_-]?key|access[_-]?key(?:[_-]?id)?|auth)|key)=)[^\s&#"'<>]*/gi;
const netrc = /\b(machine\s+\S+\s+login\s+\S+\s+password\s+)\S+/gi;
const header = /\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:basic|bearer|token)\s+)[^\s"']+/gi;

/** GitHub's, GitLab's, Hugging Face's, AWS's, Google's, Slack's and OpenAI's tokens, web tokens, and private keys. */
const tokens = new RegExp(
  [
    String.raw`\bgh[pousr]_(?=[A-Za-z0-9]{36})[A-Za-z0-9]+`,
    String.raw`\bgithub_pat_(?=\w{40})\w+`,
    String.raw`\bgl(?:pat|cbt|ptt|rt)-(?=[\w-]{20})[\w-]+`,
    String.raw`\bhf_(?=[A-Za-z0-9]{30})[A-Za-z0-9]+`,
    String.raw`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`,
    String.raw`\bAIza[\w-]{35}`,
    String.raw`\bxox[abeprs]-(?=[A-Za-z0-9-]{20})[A-Za-z0-9-]+`,
    String.raw`\bsk-(?=[\w-]{32})[\w-]+`,
    String.raw`(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.(?=[\w-]{16})[\w-]+`,
    String.raw`-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-]*(?:-(?!----)[^-]*)*-----END [A-Z ]*PRIVATE KEY-----)?`,
  ].join("|"),
  "g",
);
const wandbKey = /\b(WANDB_API_KEY["']?\s*[:=]\s*["']?)[0-9a-f]{40,}/g;

/** What may be one of these; most text is not. */
const maybe =
  /:\/\/|%3a%2f%2f|[?&;#][\w.-]*=|\bmachine\s|authorization|WANDB_API_KEY|-----BEGIN|_[A-Za-z0-9]{30}|AKIA|ASIA|AIza|xox|sk-|gl(?:pat|cbt|ptt|rt)-|eyJ/i;

/** Text with URLs without user and password, and no credential that its form tells, also with control sequences in its midst. */
export function withoutCredentials(text: string): string {
  const clean = withoutPlain(text);
  const seen = plainText(clean);
  if (seen === clean) return clean;
  const again = withoutPlain(seen);
  return again === seen ? clean : again;
}

function withoutPlain(text: string): string {
  if (!maybe.test(text)) return text;
  const toUser = (...[, login, at, whole]: readonly [string, string, number, string]): string =>
    withUser({ login, at }, whole);
  return text
    .replace(oddPassword, toUser)
    .replace(userinfo, toUser)
    .replace(encodedUserinfo, "$1")
    .replace(parameter, "$1***")
    .replace(netrc, "$1***")
    .replace(header, "$1***")
    .replace(wandbKey, "$1***")
    .replace(tokens, "***");
}

const longestScheme = 40;

type Login = { readonly login: string; readonly at: number };

function withUser({ login, at }: Login, text: string): string {
  const isSsh = /(?:^|[^a-z0-9.-])(?:git\+)?ssh$/i.test(text.slice(Math.max(0, at - longestScheme), at));
  const [user = ""] = isSsh ? login.split(/[:@]/) : [];
  return user === "" ? "://" : `://${user}@`;
}

/** Whether text has a token that its form tells. */
export function holdsToken(text: string): boolean {
  tokens.lastIndex = 0;
  return tokens.test(text);
}
