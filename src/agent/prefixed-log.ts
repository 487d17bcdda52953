import type { Log, PhaseEvent } from "../core/log.ts";

/** A run's part of the agent's log: each line says which run it is of. */
export function prefixedLog(log: Log, name: string): Log {
  const prefix = `${name}  `;
  const prefixed = (event: PhaseEvent): PhaseEvent => ({ ...event, detail: prefix + event.detail });
  return {
    phase: (event) => log.phase(prefixed(event)),
    output: ({ stream, text }) => {
      const lines = text.endsWith("\n") ? text.slice(0, -1) : text;
      return log.output({ stream, text: `${prefix}${lines.replaceAll("\n", `\n${prefix}`)}\n` });
    },
    info: (message) => log.info(prefix + message),
    warning: (message) => log.warning(prefix + message),
    debug: (message) => log.debug(prefix + message),
  };
}
