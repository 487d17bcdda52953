/*
 * What a host takes as proof of who asks: a fixed text, or one that runs out and is made anew. Whoever sends it asks for it each time,
 * and says when the host has turned it away.
 */
export type Token = string | TokenSource;

export type TokenSource = {
  /** The token to send now. Throws when there is none to be had. */
  get(signal: AbortSignal): Promise<string>;
  /** The host has turned this one away. True when it is worth trying again, with what `get` gives then. */
  refused(token: string): boolean;
  /** Those that were given out last: to be kept out of logs. */
  known(): readonly string[];
};

/** By host. */
export type Tokens = Readonly<Record<string, Token>>;

export async function tokenText(token: Token, signal: AbortSignal): Promise<string> {
  return typeof token === "string" ? token : token.get(signal);
}

/** Throws when one of them is not to be had, so that a mistake in it is seen at the start. */
export async function proveTokens(tokens: Tokens, signal: AbortSignal): Promise<void> {
  for (const token of Object.values(tokens)) await tokenText(token, signal);
}

/** Tells a source that its token was turned away; of a fixed one there is no other. */
export function refuseToken(token: Token | undefined, text: string): boolean {
  return typeof token === "object" && token.refused(text);
}

/** What must not be shown of these. */
export function knownTokens(tokens: Tokens): readonly string[] {
  return Object.values(tokens).flatMap((token) => (typeof token === "string" ? [token] : token.known()));
}
