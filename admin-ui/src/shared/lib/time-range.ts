/** A time that a URL can hold: 15m, 24h, 7d before now, or an RFC 3339 instant, or a day (YYYY-MM-DD, from its start in the zone). */
const back = /^(\d{1,5})([mhdw])$/;
const lengths = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** The instant that the text means; undefined when it means none. */
export function instant(text: string, zone: string, now: number = Date.now()): string | undefined {
  const found = back.exec(text);
  if (found) return new Date(now - Number(found[1]) * lengths[found[2] as keyof typeof lengths]).toISOString();
  if (!/^\d{4}-\d{2}-\d{2}(T.+)?$/.test(text)) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at)) return undefined;
  return text.includes('T') ? new Date(at).toISOString() : fromClock(`${text}T00:00`, zone);
}

/** Milliseconds that the clocks of a zone are ahead of UTC at that time. */
function ahead(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at);
  const part = (type: string) => Number(parts.find((p) => p.type === type)?.value);
  const clock = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return clock - Math.floor(at / 1000) * 1000;
}

/** The instant at which the clocks of a zone show that: 2026-09-21T14:30, with seconds or without. */
export function fromClock(text: string, zone: string): string {
  const shown = Date.parse(`${text}Z`);
  // The second look is for a change of the clocks in between.
  const near = shown - ahead(shown, zone);
  return new Date(shown - ahead(near, zone)).toISOString();
}

/** What the clocks of a zone show at that instant, to the minute, as a datetime-local field wants it. */
export function onClock(iso: string, zone: string): string {
  const at = Date.parse(iso);
  return new Date(at + ahead(at, zone)).toISOString().slice(0, 16);
}

/** The last second of a day (YYYY-MM-DD) in a zone: what lasts until a day lasts through it. */
export const endOfDay = (day: string, zone: string): string => fromClock(`${day}T23:59:59`, zone);

const units = { m: 'minute', h: 'hour', d: 'day', w: 'week' } as const;

/** 90d → 90 days; what is no length stays as it is. */
export function lengthWords(text: string, language: string): string {
  const found = back.exec(text);
  if (!found) return text;
  const unit = units[found[2] as keyof typeof units];
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(Number(found[1]));
}

/** Ranges that the picker offers, as what `since` may be; empty is all time. */
export const presets = ['1h', '24h', '7d', '30d', '90d', ''] as const;
