import { writeFile } from "node:fs/promises";

type Options = { readonly mode?: number; readonly flag?: string };

/** Writes a file. Where a disk takes nothing more, the system says that of a descriptor and names no file: this names it. */
export async function writeNamed(
  path: string | Buffer,
  data: string | Uint8Array,
  options: Options = {},
): Promise<void> {
  try {
    await writeFile(path, data, options);
  } catch (error) {
    if (error instanceof Error && !("path" in error))
      Object.assign(error, { path: String(path), message: `${error.message} '${String(path)}'` });
    throw error;
  }
}
