import { z } from "zod";

/*
 * buildx's progress as it tells it to programs (`--progress=rawjson`): one JSON object a line with vertexes (steps, told again
 * whenever they change) and logs; what is not JSON is its last words, for people.
 */
const vertexSchema = z.object({
  digest: z.string(),
  name: z.string(),
  started: z.string().optional(),
  completed: z.string().optional(),
  cached: z.boolean().optional(),
  error: z.string().optional(),
});
const eventSchema = z.object({
  vertexes: z.array(vertexSchema).nullish(),
  logs: z.array(z.object({ vertex: z.string(), data: z.string() })).nullish(),
});

/** A step of the Dockerfile: `[2/4] RUN …`, `[uv 2/2] RUN …`. */
export type BuildStep = {
  /** `4/7`. */
  readonly position: string;
  readonly instruction: string;
  readonly state: "waiting" | "running" | "ran" | "cached" | "failed";
};

export type BuildFailure = {
  readonly step: string;
  /** It is an instruction of the Dockerfile that was run; `FROM` runs nothing. */
  readonly ofInstruction: boolean;
  readonly error: string;
  readonly output: readonly string[];
};

export type BuildProgress = {
  /** Takes a line; returns what is being done now when that changed: `step 4/7 RUN uv pip install`. */
  feed(line: string): string | undefined;
  steps(): readonly BuildStep[];
  /** The step that failed (BuildKit's own steps too, as `load metadata for …`), with the last lines of its output. */
  failure(): BuildFailure | undefined;
  /** Lines that were no progress: the Dockerfile's excerpt and the final error. */
  lastWords(): readonly string[];
};

type Vertex = z.output<typeof vertexSchema>;

const keptLines = 40;
const shownWidth = 72;

/** `redact` is used before anything is cut: of half a secret nobody could tell that it is one. */
export function buildProgress(redact: (text: string) => string = (text) => text): BuildProgress {
  const vertexes = new Map<string, Vertex>();
  const outputs = new Map<string, string>();
  const words: string[] = [];
  let shown: string | undefined;
  const feed = (line: string): string | undefined => {
    const event = eventOf(line);
    if (event === undefined) {
      if (line.trim() !== "") words.push(line);
      if (words.length > keptLines) words.shift();
      return undefined;
    }
    let now: string | undefined;
    for (const told of event.vertexes ?? []) {
      const error = told.error === undefined ? {} : { error: redact(told.error) };
      const vertex = { ...told, name: redact(told.name), ...error };
      vertexes.set(vertex.digest, vertex);
      const step = stepOf(vertex);
      if (step?.state === "running") now = `step ${step.position} ${step.instruction}`;
      else if (vertex.started !== undefined && vertex.completed === undefined) now = ownWork(vertex.name) ?? now;
    }
    for (const { vertex, data } of event.logs ?? []) {
      outputs.set(vertex, lastLines((outputs.get(vertex) ?? "") + Buffer.from(data, "base64").toString()));
    }
    if (now === undefined || now === shown) return undefined;
    shown = now;
    return now;
  };
  return {
    feed,
    steps: () => [...vertexes.values()].flatMap((vertex) => stepOf(vertex) ?? []),
    failure: () => {
      // Others that ran at the same time are marked as cancelled: the one that failed has said why.
      const failed = [...vertexes.values()].filter((vertex) => (vertex.error ?? "") !== "");
      const vertex = failed.find(({ error }) => !/context canceled/i.test(error ?? "")) ?? failed[0];
      if (vertex === undefined) return undefined;
      const output = (outputs.get(vertex.digest) ?? "").split("\n").filter((line) => line !== "");
      const instruction = stepOf(vertex)?.instruction;
      return {
        step: vertex.name,
        ofInstruction: instruction !== undefined && !instruction.startsWith("FROM "),
        error: vertex.error ?? "",
        output: output.slice(-keptLines),
      };
    },
    lastWords: () => words,
  };
}

function eventOf(line: string): z.output<typeof eventSchema> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return eventSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** BuildKit's own work that may take a while and is worth a word. */
function ownWork(name: string): string | undefined {
  return /^(?:exporting|pushing|importing|sending|\[internal\] load build context)/.test(name)
    ? name.replace("[internal] ", "")
    : undefined;
}

function stepOf(vertex: Vertex): BuildStep | undefined {
  const [, position, instruction] = /^\[(?:\S+ +)*?(\d+\/\d+)\] (.+)$/s.exec(vertex.name) ?? [];
  if (position === undefined || instruction === undefined) return undefined;
  return { position, instruction: shortInstruction(instruction, shownWidth), state: stateOf(vertex) };
}

function stateOf(vertex: Vertex): BuildStep["state"] {
  if ((vertex.error ?? "") !== "") return "failed";
  if (vertex.cached === true) return "cached";
  if (vertex.started === undefined) return "waiting";
  return vertex.completed === undefined ? "running" : "ran";
}

/** An instruction on one line, without its mounts and variables. */
export function shortInstruction(instruction: string, width: number): string {
  const plain = instruction.replace(/--mount=\S+\s+/g, "").replace(/\bRUN\s+(?:[A-Z_]\w*=\S*\s+)+/, "RUN ");
  const line = plain.replace(/\s+/g, " ");
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}

/** The end of a text: the lines that a failure shows, without what a progress bar has overwritten. */
function lastLines(text: string): string {
  const lines = text.split("\n");
  return lines
    .slice(-keptLines - 1)
    .map((line) => line.replace(/\r$/, "").replace(/^[^]*\r/, ""))
    .join("\n");
}
