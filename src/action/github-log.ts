import { oneLine, terminalText } from "../core/output/terminal-text.ts";
import { randomUUID } from "node:crypto";
import * as core from "@actions/core";
import type { TextLog, TextPhaseEvent } from "../core/output/log.ts";
import type { Writer } from "../core/output/writer.ts";
import { markedOutput } from "../reporting/output-marks.ts";
import { phaseLine } from "../reporting/phase-line.ts";

/** The job's log. */
export type JobOutput = Pick<Writer, "write" | "hand">;

export type GitHubLogRequest = {
  readonly out: JobOutput;
  readonly monotonicMs: () => number;
  readonly verbose: boolean;
  /** Without: the log of several runs at once, of which a group would fold some lines of each. */
  readonly groups: boolean;
};

export type GitHubLog = TextLog & {
  /** Closes what is open, so that what follows is a command to the runner again, outside of all groups. */
  readonly stop: () => void;
};

/**
 * A job's log: a group for each phase while it lasts, and a line for its end that stays visible when the group is folded.
 * The runner takes lines of a log as commands (`::add-mask::`, `##[error]`), and what a run prints is not ours: while its output passes,
 * commands are switched off by a token that nobody else knows.
 */
export function gitHubLog({ out, monotonicMs, verbose, groups }: GitHubLogRequest): GitHubLog {
  let group = false;
  let token: string | undefined;
  let progressAt = -Infinity;
  const resume = (): void => {
    if (token !== undefined) void out.write(`::${token}::\n`);
    token = undefined;
  };
  const line = (text: string): void => {
    resume();
    void out.write(`${inert(text)}\n`);
  };
  const closeGroup = (): void => {
    resume();
    if (group) core.endGroup();
    group = false;
  };
  const openGroup = (title: string): void => {
    if (!groups) return;
    core.startGroup(title);
    group = true;
  };
  const phase = (event: TextPhaseEvent): void => {
    if (event.status === "started") {
      closeGroup();
      openGroup(inert(`${event.phase}  ${oneLine(event.detail)}`));
    } else if (event.status === "progress") {
      // A build says much; in a log it is only there to be unfolded when something went wrong.
      if (!groups || monotonicMs() - progressAt < 1_000) return;
      progressAt = monotonicMs();
      line(`  ${oneLine(event.detail)}`);
    } else {
      closeGroup();
      line(phaseLine(event.phase, oneLine(event.detail), event.elapsedMs));
    }
  };
  return {
    phase,
    output: (chunk) => {
      if (!group) openGroup("run  its output");
      if (token === undefined) {
        token = randomUUID();
        void out.write(`::stop-commands::${token}\n`);
      }
      return out.hand(markedOutput(chunk, true));
    },
    info: (message) => line(`  ${oneLine(message)}`),
    warning: (message) => {
      resume();
      core.warning(oneLine(message));
    },
    debug: (message) => {
      if (!verbose) return;
      resume();
      core.debug(oneLine(message));
    },
    stop: closeGroup,
  };
}

/**
 * A line of ours may quote a spec's words or a run's; none of it may be a command. A carriage return ends a line for the runner, and it
 * takes U+0085 for white space, which commands may start with. The old form of commands is looked for anywhere in a line.
 */
export function inert(text: string): string {
  return terminalText(text.replace(/[\r\u0085]+/g, " "))
    .replaceAll("##[", "## [")
    .replace(/^(\s*):(?=:)/gm, "$1 : ");
}
