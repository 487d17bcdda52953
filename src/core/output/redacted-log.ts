import { withoutCredentials } from "./credentials.ts";
import type { Log, LogOf, TextLog } from "./log.ts";
import { type Redact, replaceSpans } from "./redaction.ts";
import { type Part, quoted, type Said, textOf } from "./said.ts";
import type { Span } from "./secrets/secret-search.ts";

/** The log of a renderer, which gets text: without secrets in what of it others wrote. */
export function redactedLog(log: TextLog, redact: () => Redact): Log {
  return logBefore(log, (said) => textOf(redactedSaid(said, redact())));
}

/** The same before another log, whose renderer has yet to come. */
export function redactedBefore(log: Log, redact: () => Redact): Log {
  return logBefore(log, (said) => redactedSaid(said, redact()));
}

/** A log whose words are changed on their way to another. The output of a run has no secret by then. */
export function logBefore<From, To>(log: LogOf<To>, change: (said: From) => To): LogOf<From> {
  return {
    phase: ({ detail, ...event }) => log.phase({ ...event, detail: change(detail) }),
    output: (chunk) => log.output(chunk),
    info: (message) => log.info(change(message)),
    warning: (message) => log.warning(change(message)),
    debug: (message) => log.debug(change(message)),
  };
}

/**
 * A sentence without secrets in what of it others wrote. It is searched as a whole, as one may go over the border of two parts; of that one
 * goes what others wrote of it.
 */
export function redactedSaid(said: Said, redact: Redact): Said {
  const text = Buffer.from(textOf(said));
  const all = spansIn(text, redact.search);
  const sure = spansIn(text, redact.sureSearch);
  let from = 0;
  const parts = said.parts.map((part): Part => {
    const bytes = Buffer.from(part.text);
    const place = { from, to: from + bytes.length };
    from = place.to;
    if (part.whose === "ours") return part;
    const spans = within(part.whose === "named" ? sure : all, place);
    return { ...part, text: withoutCredentials(replaceSpans(bytes, spans).toString()) };
  });
  const clean = textOf({ parts });
  // A credential that its form tells, put together of several parts.
  return withoutCredentials(clean) === clean ? { parts } : quoted(withoutCredentials(clean));
}

function spansIn(bytes: Buffer, search: Redact["search"]): readonly Span[] {
  return search?.(bytes).spans ?? [];
}

function within(spans: readonly Span[], { from, to }: { from: number; to: number }): readonly Span[] {
  return spans
    .filter(([start, end]) => start < to && end > from)
    .map(([start, end]) => [Math.max(start, from) - from, Math.min(end, to) - from]);
}
