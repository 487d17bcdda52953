import type { Redact } from "../../core/output/redaction.ts";

/*
 * Why a run ended, in sentences that are ours from end to end: nobody else's word is in them, so none of theirs can be a secret. Whoever
 * has written one of these has written nothing else.
 */
const ownMessages: readonly RegExp[] = [
  /^exit code \d{1,3}$/,
  /^ended by SIG[A-Z0-9]{2,8}$/,
  /^cancelled (?:while it ran|before it started)$/,
  /^it was still running after its timeout of [\d.]+ (?:ms|s|min|h|d)(?: [\d.]+ (?:s|min|h))?; give it more with `timeout`$/,
];

/** A run's message without secrets in what of it others may have written. */
export function redactedMessage(message: string, redact: Redact): string {
  return ownMessages.some((own) => own.test(message)) ? message : redact(message);
}
