/** `scheme://…`, or scp-like `user@host:path`. */
const urlPattern = /^(?:[a-z][a-z0-9+.-]*:\/\/|[\w.+-]+@[\w.-]+:)/i;

export function isUrl(value: string): boolean {
  return urlPattern.test(value);
}
