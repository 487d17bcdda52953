/*
 * Credentials by their form: in URLs, in what tools write of logins, and tokens that their hosts give a form to be known by. They are taken
 * out wherever text leaves the process, whether anybody has said that they are secret or not.
 */

/** `scheme://user:password@`, up to the last `@` before the path. ssh goes by its user, who is no secret. */
const userinfo = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s/?#"'<>]*)@/gi;
/** A password with a `/` in it, which no URL may have and people write: what stands behind the colon is no port. */
const oddPassword = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s/?#@:"'<>]*):(?!\d{0,5}(?:[\s/?#"'<>]|$))[^\s"'<>@]*@/gi;
/** A URL that is itself the value of a parameter. */
const encodedUserinfo = /\b([a-z][a-z0-9+.-]*%3a%2f%2f)(?:(?!%2f|%3f|%23)[^\s/?#&"'<>])*%40/gi;
const parameter =
  /([?&;#](?:[\w.-]*(?:token|signature|sig|secret|password|passwd|pwd|credentials?|api[_-]?key|access[_-]?key(?:[_-]?id)?|auth)|key)=)[^\s&#"'<>]*/gi;
const netrc = /\b(machine\s+\S+\s+login\s+\S+\s+password\s+)\S+/gi;
const header = /\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:basic|bearer|token)\s+)[^\s"']+/gi;

/** GitHub's, GitLab's, Hugging Face's, AWS's, Google's, Slack's and OpenAI's tokens, web tokens, and private keys. */
const tokens =
  /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,}|gl(?:pat|cbt|ptt|rt)-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{35}|xox[abeprs]-[A-Za-z0-9-]{20,}|sk-[A-Za-z0-9_-]{32,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,})\b|-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-]*-----END [A-Z ]*PRIVATE KEY-----)?/g;
const wandbKey = /\b(WANDB_API_KEY["']?\s*[:=]\s*["']?)[0-9a-f]{40,}/g;

/** What may be one of these; most text is not. */
const maybe =
  /:\/\/|%3a%2f%2f|[?&;#][^\s]*=|\bmachine\s|authorization|WANDB_API_KEY|-----BEGIN|_[A-Za-z0-9]{30}|AKIA|ASIA|AIza|xox|sk-|gl|eyJ/i;

/** Text with URLs without user and password, and no credential that its form tells. */
export function withoutCredentials(text: string): string {
  if (!maybe.test(text)) return text;
  return text
    .replace(oddPassword, withUser)
    .replace(userinfo, withUser)
    .replace(encodedUserinfo, "$1")
    .replace(parameter, "$1***")
    .replace(netrc, "$1***")
    .replace(header, "$1***")
    .replace(wandbKey, "$1***")
    .replace(tokens, "***");
}

function withUser(_url: string, scheme: string, login: string): string {
  const [user = ""] = /^(?:git\+)?ssh:/i.test(scheme) ? login.split(/[:@]/) : [];
  return user === "" ? scheme : `${scheme}${user}@`;
}

/** Whether text has a token that its form tells. */
export function holdsToken(text: string): boolean {
  tokens.lastIndex = 0;
  return tokens.test(text);
}
