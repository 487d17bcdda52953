import { LaunchError } from "../core/errors.ts";

/** What a store refuses for what is in it, and will refuse again: it is there, and takes other runs. */
export class RefusedDocument extends LaunchError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super("refused", message, options);
  }
}
