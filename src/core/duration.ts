/** Durations as people write them in a spec: `90s`, `15 min`, `2h30m`, `1d`, or a bare number of seconds. */
const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  sec: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of a written duration, or undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const compact = text.trim().toLowerCase();
  if (/^\d+(?:\.\d+)?$/.test(compact)) return Math.round(Number(compact) * 1_000);
  if (!/^(?:\d+(?:\.\d+)?\s*(?:ms|sec|s|min|m|h|d)\s*)+$/.test(compact)) return undefined;
  let total = 0;
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)\s*(ms|sec|s|min|m|h|d)/g)) {
    total += Number(amount) * (units[unit ?? ""] ?? 0);
  }
  return Math.round(total);
}

/** A duration in the largest sensible unit: `0.2 s`, `41 s`, `1 min 12 s`, `38 min`, `3 h 5 min`. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 10) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  if (minutes < 60) return `${Math.round(whole / 60)} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} d`;
}

/** How long ago or ahead something is: below a minute in whole seconds, as it has changed by the time it is read. */
export function formatAge(ms: number): string {
  const seconds = Math.round(Math.max(0, ms) / 1_000);
  return seconds < 60 ? `${seconds} s` : formatDuration(ms);
}
