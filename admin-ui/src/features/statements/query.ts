import type { Filters } from '@/api/statements';
import { instant } from '@/shared/lib/time-range';
import { identifier, parseAgent, verbIri } from '@/shared/lib/xapi';
import { type Chip, parseChips } from '@/shared/ui/query-bar';

export const fields = [
  'verb',
  'actor',
  'activity',
  'registration',
  'score',
  'success',
  'completion',
  'since',
  'until',
] as const;
export type FieldName = (typeof fields)[number];

const bound = /^(<=?|>=?|=)(-?\d*\.?\d+)(%?)$/;

/** `>=50%,<0.8` as the API wants it: one or two bounds, as parts of one; undefined when it is none. */
export function scoreBounds(text: string): string | undefined {
  const bounds = text.split(',').map((part) => bound.exec(part));
  if (bounds.length > 2 || bounds.includes(null)) return undefined;
  return bounds.map((found) => `${found?.[1]}${Number(found?.[2]) / (found?.[3] ? 100 : 1)}`).join(',');
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a chip's value means something; else the page says what would. */
export function valid({ field, value }: Chip, now: number = Date.now()): boolean {
  switch (field as FieldName) {
    case 'verb':
      return verbIri(value) !== undefined;
    case 'actor':
      return parseAgent(value) !== undefined;
    case 'activity':
      return /^[a-z][a-z0-9+.-]*:\S+$/i.test(value);
    case 'registration':
      return uuid.test(value);
    case 'score':
      return scoreBounds(value) !== undefined;
    case 'success':
    case 'completion':
      return value === 'true' || value === 'false';
    default:
      return instant(value, 'UTC', now) !== undefined;
  }
}

/**
 * Chips as the API wants them, days as those of the zone; chips that mean nothing are dropped (the bar says so
 * before they come here).
 */
export function filters(
  q: string,
  range: { since?: string; until?: string },
  zone: string,
  now: number = Date.now(),
): Filters {
  const made: Filters = {};
  if (range.since) made.since = instant(range.since, zone, now);
  if (range.until) made.until = instant(range.until, zone, now);
  for (const chip of parseChips(q, [...fields])) {
    if (!valid(chip, now)) continue;
    const { field, value } = chip;
    if (field === 'verb') made.verb = verbIri(value);
    else if (field === 'actor') made.agent = JSON.stringify(identifier(parseAgent(value) ?? {}));
    else if (field === 'activity' || field === 'registration') made[field] = value;
    else if (field === 'score') made.score = scoreBounds(value);
    else if (field === 'success' || field === 'completion') made[field] = value === 'true';
    else if (field === 'since' || field === 'until') made[field] = instant(value, zone, now);
  }
  return made;
}

/** Which field a bare value is of: an address is a person, a UUID a registration, a known verb a verb, another IRI an activity. */
export function guess(value: string): Chip | undefined {
  if (uuid.test(value)) return { field: 'registration', value: value.toLowerCase() };
  if (/^[^\s@]+@[^\s@]+$/.test(value) || value.includes('|'))
    return parseAgent(value) ? { field: 'actor', value } : undefined;
  if (!value.includes(':')) return verbIri(value) ? { field: 'verb', value: value.toLowerCase() } : undefined;
  return valid({ field: 'activity', value }) ? { field: /verb/i.test(value) ? 'verb' : 'activity', value } : undefined;
}
