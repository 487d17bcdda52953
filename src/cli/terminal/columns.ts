import { oneLine } from "../../core/output/terminal-text.ts";
import { truncated } from "../../reporting/words.ts";

/** No column is wider: what is longer, as another's name may be, moves the rest of its own row alone. */
const widest = 80;
/** What is longer than this is cut. */
const longest = 200;

/** Rows as aligned columns, two spaces apart; the last column is as long as it likes. */
export function columns(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(oneLine));
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(0, ...cells.map((row) => row[column]?.length ?? 0).filter((length) => length <= widest)),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : truncated(cell, longest).padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
