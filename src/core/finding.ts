import { messageOf } from "./errors.ts";

/** One thing that was looked at. `needed` names what needs it; undefined when nothing of what is to run does. */
export type Finding = {
  readonly subject: string;
  readonly found: boolean;
  readonly detail: string;
  readonly needed: string | undefined;
};

/** What a plug-in is asked to look at: the tools that it uses, on this machine. */
export type ExamineRequest<Use> = {
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How it is to be used; undefined where it isn't. */
  readonly use: Use | undefined;
};

/** Looks at one thing: its words, or those of the error that stopped it. */
export async function findingOf(
  { subject, needed }: Pick<Finding, "subject" | "needed">,
  look: () => Promise<string>,
): Promise<Finding> {
  try {
    return { subject, found: true, detail: await look(), needed };
  } catch (error) {
    return { subject, found: false, detail: messageOf(error), needed };
  }
}

/** How long one look may take. */
export const lookTimeoutMs = 15_000;
