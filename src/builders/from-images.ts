/*
 * Which images a Dockerfile starts from. Only instructions that name an image are read (FROM, COPY --from, RUN --mount from=),
 * and only in the stages that the last one needs: BuildKit never looks at the others.
 */

type Stage = { readonly name: string | undefined; readonly image: string; readonly uses: string[] };

/** The images outside the Dockerfile that its last stage is built from, as written, arguments filled in. */
export function fromImages(
  dockerfile: string,
  buildArguments: Readonly<Record<string, string>>,
  platform: string,
): readonly string[] {
  const { stages, values } = readStages(dockerfile, buildArguments, platform);
  const images = new Set<string>();
  const seen = new Set<Stage>();
  const visit = (reference: string, before: number): void => {
    const index = stageIndex(stages, reference, before);
    const stage = stages[index];
    if (stage === undefined) {
      if (reference !== "scratch" && reference !== "") images.add(reference);
      return;
    }
    if (seen.has(stage)) return;
    seen.add(stage);
    visit(substitute(stage.image, values), index);
    for (const used of stage.uses) visit(substitute(used, values), index);
  };
  visit(String(stages.length - 1), stages.length);
  return [...images];
}

/** A stage by name (the latest before this one) or number; -1 when the reference is none of them. */
function stageIndex(stages: readonly Stage[], reference: string, before: number): number {
  const named = stages.slice(0, before).findLastIndex((stage) => stage.name === reference.toLowerCase());
  if (named !== -1) return named;
  return /^\d+$/.test(reference) && Number(reference) < before ? Number(reference) : -1;
}

function readStages(
  dockerfile: string,
  buildArguments: Readonly<Record<string, string>>,
  platform: string,
): { stages: Stage[]; values: Record<string, string> } {
  const stages: Stage[] = [];
  const [os = "", architecture = ""] = platform.split("/");
  const values: Record<string, string> = { TARGETPLATFORM: platform, TARGETOS: os, TARGETARCH: architecture };
  for (const { word, rest } of instructions(dockerfile)) {
    if (word === "ARG" && stages.length === 0) {
      for (const [, name, value] of rest.matchAll(/([A-Za-z_]\w*)(?:=("[^"]*"|'[^']*'|\S*))?/g)) {
        if (name === undefined) continue;
        const given = buildArguments[name] ?? (value === undefined ? undefined : substitute(unquote(value), values));
        if (given !== undefined) values[name] = given;
      }
    } else if (word === "FROM") {
      const [image = "", , name] = rest.replace(/^(?:--\S+\s+)*/, "").split(/\s+/);
      stages.push({ image, name: name?.toLowerCase(), uses: [] });
    } else if (word === "COPY" || word === "ADD" || word === "RUN") {
      const flags = /^(?:--\S+\s+)*/.exec(rest)?.[0] ?? "";
      for (const [, from] of flags.matchAll(/(?:--from=|[=,]from=)([^\s,]+)/g)) {
        if (from !== undefined) stages.at(-1)?.uses.push(unquote(from));
      }
    }
  }
  return { stages, values };
}

function unquote(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, "$2");
}

/** `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:+value}`. */
function substitute(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(
    /\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::([-+])([^}]*))?\})/g,
    (...[, bare, braced, operator, word]: readonly (string | undefined)[]) => {
      const value = values[bare ?? braced ?? ""] ?? "";
      if (operator === "-") return value === "" ? (word ?? "") : value;
      if (operator === "+") return value === "" ? "" : (word ?? "");
      return value;
    },
  );
}

/** Instructions with their continuation lines joined, without comments and here-documents. */
function* instructions(dockerfile: string): Generator<{ word: string; rest: string }> {
  const escape = /^\s*#\s*escape\s*=\s*`/im.test(dockerfile.split(/\r?\n/).slice(0, 3).join("\n")) ? "`" : "\\";
  const lines = dockerfile.split(/\r?\n/);
  for (let index = 0; index < lines.length; index++) {
    let text = (lines[index] ?? "").trim();
    if (text === "" || text.startsWith("#")) continue;
    while (text.endsWith(escape) && index + 1 < lines.length) {
      const next = (lines[++index] ?? "").trim();
      text = next.startsWith("#") ? text : `${text.slice(0, -1)} ${next}`.trimEnd();
    }
    const [, word = "", rest = ""] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
    yield { word: word.toUpperCase(), rest };
    if (!/^(?:RUN|COPY|ADD)$/i.test(word)) continue;
    for (const [, dash, end] of rest.matchAll(/<<(-?)["']?([A-Za-z_]\w*)["']?/g)) {
      while (++index < lines.length) {
        const line = lines[index] ?? "";
        if ((dash === "-" ? line.replace(/^\t+/, "") : line) === end) break;
      }
    }
  }
}
