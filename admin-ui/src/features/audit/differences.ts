/** One thing that a change changed; undefined on the side where it was not. */
export interface Difference {
  name: string;
  before: unknown;
  after: unknown;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What differs between before and after, by name, sorted; nested objects by their path. */
export function differences(before: unknown, after: unknown, prefix = ''): Difference[] {
  const was = isRecord(before) ? before : {};
  const is = isRecord(after) ? after : {};
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].sort().flatMap((name): Difference[] => {
    const path = prefix + name;
    if (isRecord(was[name]) && isRecord(is[name])) return differences(was[name], is[name], `${path}.`);
    return JSON.stringify(was[name]) === JSON.stringify(is[name])
      ? []
      : [{ name: path, before: was[name], after: is[name] }];
  });
}

export const show = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? '—' : JSON.stringify(value);
