import { oneLine, terminalText } from "../../core/output/terminal-text.ts";
import { systemClock } from "../../core/clock.ts";
import { LaunchError } from "../../core/errors.ts";
import { truncated } from "../../reporting/words.ts";
import type { Console } from "./console.ts";

/*
 * `--watch`: one look at the store serves everything that is shown, and the next is taken when the store says that something may have
 * changed. In between a terminal's picture is drawn again from what is known, as times go on. What is no terminal gets the whole once,
 * and then a line for each change.
 */
export type Watch<T> = {
  readonly look: (signal: AbortSignal) => Promise<T>;
  /** Resolves when another look may show something else. */
  readonly wait: (seen: T, signal: AbortSignal) => Promise<void>;
  /** The whole as of now. */
  readonly textOf: (seen: T) => string;
  /** What is different, as lines; nothing for a difference of times alone. */
  readonly changes: (before: T, after: T) => readonly string[];
  /** For a reader of JSON, instead of text. */
  readonly json?: (seen: T) => Promise<void>;
};

const redrawMs = 1_000;
const retryMs = 5_000;

export type Showing<T> = { readonly work: Watch<T>; readonly isWatched: boolean; readonly console: Console };

/** Shows it once, or watches it. */
export async function show<T>({ work, isWatched, console }: Showing<T>, signal: AbortSignal): Promise<void> {
  if (isWatched) await watch(work, console, signal);
  else await tell({ work, console }, await work.look(signal), undefined);
}

/** Watches until the signal; a store that is away for a while is waited for. */
async function watch<T>(work: Watch<T>, console: Console, signal: AbortSignal): Promise<void> {
  const screen = console.interactive && work.json === undefined ? openScreen(console) : undefined;
  let seen: T | undefined;
  let trouble = "";
  const draw = (): void => {
    if (seen !== undefined) screen?.draw(`${work.textOf(seen)}${trouble}`);
  };
  const timer = screen === undefined ? undefined : setInterval(draw, redrawMs);
  try {
    for (;;) {
      try {
        const next = await work.look(signal);
        trouble = "";
        if (screen === undefined) await tell({ work, console }, next, seen);
        seen = next;
        draw();
        await work.wait(next, signal);
      } catch (error) {
        if (signal.aborted || seen === undefined || !isPassing(error)) throw error;
        trouble = `${oneLine(error.message)}; trying again\n`;
        if (screen === undefined) await console.err.write(`  warning  ${trouble}`);
        draw();
        await systemClock.sleep(retryMs, signal);
      }
    }
  } catch (error) {
    // Ctrl-C is how a watch ends.
    if (!signal.aborted) throw error;
  } finally {
    clearInterval(timer);
    screen?.close();
  }
  if (screen !== undefined && seen !== undefined) await console.out.write(work.textOf(seen));
}

function isPassing(error: unknown): error is LaunchError {
  return error instanceof LaunchError && (error.code === "store-failed" || error.code === "timeout");
}

async function tell<T>(showing: Omit<Showing<T>, "isWatched">, now: T, before: T | undefined): Promise<void> {
  const { work } = showing;
  const { out } = showing.console;
  const changes = before === undefined ? undefined : work.changes(before, now);
  if (work.json !== undefined) {
    if (changes === undefined || changes.length > 0) await work.json(now);
  } else if (changes === undefined) await out.write(work.textOf(now));
  else {
    const time = systemClock.now().toISOString().slice(11, 19);
    await out.write(changes.map((line) => `${time}  ${oneLine(line)}\n`).join(""));
  }
}

type Screen = { draw(text: string): void; close(): void };

const [openPicture, closePicture] = ["\u001b[?1049h\u001b[?25l", "\u001b[?25h\u001b[?1049l"];
const [home, eraseRestOfLine, eraseBelow] = ["\u001b[H", "\u001b[K", "\u001b[J"];

/** A picture over the terminal's text, which is back as it was when the picture is closed. Drawn over itself: nothing flickers. */
function openScreen({ out, rows }: Console): Screen {
  void out.draw(openPicture);
  return {
    draw: (text) => {
      const room = rows() - 1;
      const lines = text.trimEnd().split("\n");
      const fit =
        lines.length <= room ? lines : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more lines`];
      // A line that wraps would push the others down.
      const width = out.columns() ?? 80;
      const shown = fit.map((line) => `${terminalText(truncated(line, width))}${eraseRestOfLine}\n`);
      void out.draw(`${home}${shown.join("")}${eraseBelow}`);
    },
    close: () => void out.draw(closePicture),
  };
}
