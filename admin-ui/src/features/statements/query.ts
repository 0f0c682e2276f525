import type { Filters, Row } from '@/api/statements';
import { instant } from '@/shared/lib/time-range';
import { agentText, identifier, parseAgent, verbIri } from '@/shared/lib/xapi';
import { type Chip, type Field, parseChips } from '@/shared/ui/query-bar';

export const fields = ['verb', 'actor', 'activity', 'registration', 'since', 'until'] as const;
export type FieldName = (typeof fields)[number];

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
    default:
      return instant(value, now) !== undefined;
  }
}

/** Chips as the API wants them; those that mean nothing are dropped (the bar says so before they come here). */
export function filters(q: string, range: { since?: string; until?: string }, now: number = Date.now()): Filters {
  const made: Filters = {};
  if (range.since) made.since = instant(range.since, now);
  if (range.until) made.until = instant(range.until, now);
  for (const chip of parseChips(q, [...fields])) {
    if (!valid(chip, now)) continue;
    const { field, value } = chip;
    if (field === 'verb') made.verb = verbIri(value);
    else if (field === 'actor') made.agent = JSON.stringify(identifier(parseAgent(value) ?? {}));
    else if (field === 'activity' || field === 'registration') made[field] = value;
    else if (field === 'since' || field === 'until') made[field] = instant(value, now);
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

/** What can be completed: the words of the statements that were seen here. */
export class Vocabulary {
  readonly verbs = new Map<string, string>();
  readonly activities = new Map<string, string>();
  readonly people = new Map<string, string>();

  add(rows: readonly Row[]): void {
    for (const { verb, object, actor } of rows) {
      this.verbs.set(verb.id, verb.display || verb.id);
      if (object.kind === 'activity') this.activities.set(object.id, object.name || object.id);
      if (actor.agent) this.people.set(agentText(actor.agent), actor.name);
    }
  }

  fields(): Field[] {
    const of = (map: Map<string, string>) =>
      [...map].map(([value, label]) => ({ value, label: label === value ? value : `${label} · ${value}` }));
    const show = (map: Map<string, string>) => (value: string) => map.get(value) ?? value;
    return [
      { name: 'verb', suggestions: of(this.verbs), show: show(this.verbs) },
      { name: 'actor', suggestions: of(this.people), show: show(this.people) },
      { name: 'activity', suggestions: of(this.activities), show: show(this.activities) },
      { name: 'registration' },
      { name: 'since', suggestions: ['15m', '1h', '24h', '7d', '30d'].map((value) => ({ value, label: value })) },
      { name: 'until' },
    ];
  }
}
