/** A tree that breaks a rule in each way, and keeps it where that looks much the same; and what the rule finds in it. */
export type MadeUp = { readonly broken: Readonly<Record<string, string>>; readonly found: readonly string[] };
