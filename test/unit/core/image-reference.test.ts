import { expect, test } from "vitest";
import { formatImageReference, parseImageReference } from "../../../src/core/image-reference.ts";

const digest = `sha256:${"a".repeat(64)}`;

test.each([
  ["busybox", { repository: "busybox" }],
  ["org/train:v1", { repository: "org/train", tag: "v1" }],
  ["127.0.0.1:5000/a/b", { registry: "127.0.0.1:5000", repository: "a/b" }],
  ["localhost/x", { registry: "localhost", repository: "x" }],
  [`ghcr.io/o/i:t@${digest}`, { registry: "ghcr.io", repository: "o/i", tag: "t", digest }],
  [`[::1]:5000/a@${digest}`, { registry: "[::1]:5000", repository: "a", digest }],
])("%s is read and written back", (text, parts) => {
  expect(parseImageReference(text)).toEqual(parts);
  expect(formatImageReference(parts)).toBe(text);
});

test.each(["", "A/b", "a:b:c", "a b", "a@sha256:12", "-x", "https://host/a"])("%j is no image reference", (text) => {
  expect(parseImageReference(text)).toBeUndefined();
});
