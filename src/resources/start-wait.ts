import { type Said, say } from "../core/output/said.ts";
/** What a run can wait for while it starts, with its words. A resource that waits for something else adds a line. */
const wordsOfKind = {
  "image-pull": (image: string) => say`pulling ${image}`,
  packages: (file: string) => say`making a Python environment from ${file}`,
  "other-launcher": (launcher: string) => say`waiting for ${launcher}, which is starting it`,
} as const;

export type StartWaitKind = keyof typeof wordsOfKind;

export type StartWait = {
  readonly kind: StartWaitKind;
  /** The image, the file or whatever it is that it waits for. */
  readonly subject: string;
  /** How far that has come: `2 of 7 layers`. */
  readonly progress?: string;
};

/** Told whenever a run that starts waits for something else than before; undefined when it waits for nothing any more. */
export type StartWaits = (wait: StartWait | undefined) => void;

/** What a run waits for, in one line for people. */
export function startWaitWords({ kind, subject, progress }: StartWait): Said {
  const words = wordsOfKind[kind](subject);
  return progress === undefined ? words : say`${words}: ${progress}`;
}
