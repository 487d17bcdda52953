import { appendFile } from "node:fs/promises";

/** GitHub drops a step's summary that is larger than this: https://docs.github.com/actions (job summaries). */
const maxBytes = 1024 * 1024;

/**
 * Adds Markdown to the step's summary. False when there is none to add to, when the text is too large, or when it can't be written:
 * a summary is no reason to fail a job.
 */
export async function addSummary(file: string | undefined, markdown: string): Promise<boolean> {
  if (file === undefined || Buffer.byteLength(markdown) > maxBytes) return false;
  try {
    await appendFile(file, `${markdown}\n`);
    return true;
  } catch {
    return false;
  }
}
