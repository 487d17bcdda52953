import { LaunchError } from "../../src/core/errors.ts";

/** The LaunchError with which `work` fails; anything else fails the test. */
export async function failureOf(work: Promise<unknown>): Promise<LaunchError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof LaunchError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}
