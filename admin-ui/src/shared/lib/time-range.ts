/** A time that a URL can hold: 15m, 24h, 7d before now, or an RFC 3339 instant, or a day (YYYY-MM-DD, from its start in UTC). */
const back = /^(\d{1,5})([mhdw])$/;
const lengths = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** The instant that the text means; undefined when it means none. */
export function instant(text: string, now: number = Date.now()): string | undefined {
  const found = back.exec(text);
  if (found) return new Date(now - Number(found[1]) * lengths[found[2] as keyof typeof lengths]).toISOString();
  if (!/^\d{4}-\d{2}-\d{2}(T.+)?$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

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
