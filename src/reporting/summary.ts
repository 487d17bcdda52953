import type { JsonObject } from "../core/json.ts";
import { formatCommandLine } from "../core/command-line.ts";
import { formatDuration } from "../core/duration.ts";
import { codeBlock, details, inlineCode, inlineText, linked, table } from "./markdown.ts";
import type { RunReport } from "./report.ts";
import { formatMetric, outcomeInWords, shortImage } from "./words.ts";

/** Where on GitHub the report's links lead; all parts are optional. */
export type SummaryLinks = {
  /** The page of the commit that ran. */
  readonly source?: string;
  /** The page of the job whose log this is. */
  readonly log?: string;
};

// Bounds that keep the whole far below GitHub's 1 MiB for a step's summary.
const maxRows = 100;
const maxMetricsInTitle = 3;
const maxLines = 60;
const maxBlockCharacters = 60_000;

/** The job summary of one run: what happened first, then where from, then how to run it again. */
export function summaryMarkdown(report: RunReport, links: SummaryLinks = {}): string {
  const { outcome } = report;
  const parts = [titleOf(report)];
  if (outcome.state !== "succeeded") parts.push(`> ${inlineText(outcome.message)}`);
  parts.push(factsOf(report, links));
  if (outcome.state !== "succeeded" && report.lastLines.length > 0) {
    parts.push(`Last lines:\n\n${endOf(report.lastLines.slice(-maxLines).join("\n"))}`);
  }
  parts.push(details("phases, command, config", foldedOf(report)));
  if (report.again.length > 0) parts.push(`Again:\n\n${codeBlock(report.again.join("\n"), "sh")}`);
  return `${parts.join("\n\n")}\n`;
}

/** The summary of a launch that had no run: a fault in the spec, a missing tool. */
export function faultMarkdown(what: string, message: string, detail: readonly string[]): string {
  const title = `**${inlineText(what)}** · ${inlineText(firstLine(message))}`;
  const rest = [...message.split("\n").slice(1), ...detail].join("\n");
  return rest.trim() === "" ? `${title}\n` : `${title}\n\n${endOf(rest)}\n`;
}

function titleOf(report: RunReport): string {
  const metrics = Object.entries(report.metrics)
    .slice(0, maxMetricsInTitle)
    .map(([name, value]) => ` · ${inlineText(name)} **${formatMetric(value)}**`);
  const words = inlineText(outcomeInWords(report.outcome, report.elapsedMs));
  return `**${inlineText(report.name)}** · ${words} on ${inlineCode(report.resource)}${metrics.join("")}`;
}

function factsOf(report: RunReport, links: SummaryLinks): string {
  const image = report.image === undefined ? "none" : inlineCode(shortImage(report.image));
  const how = report.imageWords === undefined ? "" : ` ${inlineText(report.imageWords)}`;
  return table(
    ["source", "image", "run", "started", "log"],
    [
      [
        linked(inlineCode(report.source), links.source),
        `${image}${how}`,
        inlineCode(report.runId),
        `${report.startedAt.slice(11, 16)} UTC`,
        links.log === undefined
          ? inlineCode(formatCommandLine(["launch", "logs", report.runId]))
          : linked("job", links.log),
      ],
    ],
  );
}

function foldedOf(report: RunReport): string {
  const parts = [
    table(
      ["phase", "time"],
      report.phases.slice(0, maxRows).map(({ phase, elapsedMs }) => [phase, formatDuration(elapsedMs)]),
    ),
  ];
  if (report.command.length > 0)
    parts.push(codeBlock(formatCommandLine(report.command).slice(0, maxBlockCharacters), "sh"));
  if (Object.keys(report.config).length > 0) parts.push(configBlock(report.config));
  const metrics = Object.entries(report.metrics);
  if (metrics.length > maxMetricsInTitle) {
    parts.push(
      table(
        ["metric", "value"],
        metrics.slice(0, maxRows).map(([name, value]) => [inlineText(name), formatMetric(value)]),
      ),
    );
  }
  return parts.join("\n\n");
}

function configBlock(config: JsonObject): string {
  const text = JSON.stringify(config, undefined, 2);
  return text.length <= maxBlockCharacters
    ? codeBlock(text, "json")
    : `config: ${text.length} characters, see the record`;
}

/** The end of a text, for blocks where the last lines say most. */
function endOf(text: string): string {
  return codeBlock(text.slice(-maxBlockCharacters));
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
