import { LaunchError } from "../../core/errors.ts";
import type { Fault } from "./fault.ts";
import type { Document, LeftOut } from "../resolve/resolution.ts";

export type RenderRequest = {
  readonly faults: readonly Fault[];
  /** The texts that the faults are in, to show the lines. */
  readonly documents: readonly Document[];
  /** Where each document's schema is: shown in the last line. */
  readonly schemas?: Readonly<Partial<Record<string, string>>>;
  /** What may be why. */
  readonly leftOut?: LeftOut | undefined;
};

const maxWidth = 120;

/** More than a person reads at once; how many there are is said. */
const maxShown = 50;

/** Faults for people: each with its place, the line that it is in and a caret line under it, and at the end how many there are. */
export function renderFaults({ faults, documents, schemas = {}, leftOut }: RenderRequest): readonly string[] {
  const sources = new Map(documents.map(({ name, text }) => [name, text.split(/\r\n|\n|\r/)] as const));
  const lines = faults.slice(0, maxShown).flatMap((fault) => {
    const source = sources.get(fault.file)?.[fault.line - 1];
    return [
      `${placeOf(fault)}  error  ${fault.message}`,
      ...(source === undefined || source === "" ? [] : pointAt(fault, source)),
    ];
  });
  if (faults.length > maxShown) lines.push(`… and ${faults.length - maxShown} more`);
  const counts = new Map<string, number>();
  for (const { file } of faults) counts.set(file, (counts.get(file) ?? 0) + 1);
  const totals = [...counts].map(([file, count]) => {
    const schema = Object.hasOwn(schemas, file) ? schemas[file] : undefined;
    return `${count} ${count === 1 ? "fault" : "faults"} in ${file}${schema === undefined ? "" : `. The schema: ${schema}`}`;
  });
  return [...lines, ...(leftOut === undefined ? [] : [leftOut.words]), ...totals];
}

/** `launch.yaml:7:13`, or the flag's name. */
export function placeOf({ file, line, column }: Fault): string {
  return line === 0 ? file : `${file}:${line}:${column}`;
}

/** The source line with its number, and a line that marks the place. A long line (JSON in one line) is cut around it. */
function pointAt({ line, column, length }: Fault, source: string): readonly string[] {
  const start = column - 1;
  const from = start > maxWidth - 40 ? start - 40 : 0;
  const before = from === 0 ? "" : "…";
  const shown = visible(source.slice(from, from + maxWidth));
  const after = source.length > from + maxWidth ? "…" : "";
  const indent = before.length + start - from;
  const marks = Math.max(1, Math.min(length, source.length - start, maxWidth - (start - from)));
  return [
    `${String(line).padStart(4)} │ ${before}${shown}${after}`,
    `     │ ${" ".repeat(indent)}${"^".repeat(marks)}`,
  ];
}

/** One column for each character, and nothing that a terminal would act on. */
function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, " ");
}

/** The error that a command ends with: `bad-config` when the launch config alone is at fault. Its detail is all of the faults. */
export function faultsError(request: RenderRequest & { readonly config?: Document | undefined }): LaunchError {
  const { faults, config } = request;
  const code = config !== undefined && faults.every(({ file }) => file === config.name) ? "bad-config" : "bad-spec";
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : "";
  const message = first === undefined ? "faults" : `${placeOf(first)} ${first.message}${more}`;
  return new LaunchError(code, message, { detail: renderFaults(request) });
}
