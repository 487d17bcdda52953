import { isUrl } from "../core/url.ts";

/**
 * The input `spec` as what it names: one file, folder, URL or text of a spec, or several files, folders and URLs, separated by commas or
 * lines. What has a colon or brackets, and is no URL, is the text of a spec: YAML has one or the other.
 */
export function specsOf(given: string): readonly string[] {
  const parts = given
    .split(/[\n,]/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const isList = parts.length > 1 && parts.every((part) => isUrl(part) || !/[:{}[\]]/.test(part));
  return isList ? parts : [given];
}
