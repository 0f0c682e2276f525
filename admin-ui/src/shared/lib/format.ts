/** Shows times, numbers and durations in one language and one time zone: the tenant's. */
export interface Format {
  timeZone: string;
  /** 21 Sep 2026, 14:13:20 */
  time(iso: string): string;
  /** 21 Sep 2026, 14:13:20.123 GMT+2 */
  exact(iso: string): string;
  date(iso: string): string;
  /** 12 seconds ago, in 3 hours. */
  ago(iso: string, now?: number): string;
  number(n: number): string;
  /** 0.92 → 92 % */
  percent(part: number): string;
  bytes(n: number): string;
  list(parts: string[]): string;
}

const spans: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

export function makeFormat(language: string, timeZone: string): Format {
  const zone = validZone(timeZone);
  const time = new Intl.DateTimeFormat(language, {
    dateStyle: 'medium',
    timeStyle: 'medium',
    hourCycle: 'h23',
    timeZone: zone,
  });
  const exact = new Intl.DateTimeFormat(language, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hourCycle: 'h23',
    timeZoneName: 'short',
    timeZone: zone,
  });
  const date = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: zone });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const number = new Intl.NumberFormat(language);
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });
  const list = new Intl.ListFormat(language);
  return {
    timeZone: zone,
    time: (iso) => time.format(new Date(iso)),
    exact: (iso) => exact.format(new Date(iso)),
    date: (iso) => date.format(new Date(iso)),
    ago(iso, now = Date.now()) {
      const seconds = (Date.parse(iso) - now) / 1000;
      for (const [unit, length] of spans) {
        if (Math.abs(seconds) >= length || unit === 'second')
          // What is to come is rounded up: of 24 hours of grace, 24 are left at first.
          return relative.format(seconds < 0 ? Math.trunc(seconds / length) : Math.ceil(seconds / length), unit);
      }
      return '';
    },
    number: (n) => number.format(n),
    percent: (part) => percent.format(part),
    bytes(n) {
      const step = n < 1024 ? 0 : n < 1024 ** 2 ? 1 : n < 1024 ** 3 ? 2 : 3;
      const unit = (['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const)[step] ?? 'byte';
      return new Intl.NumberFormat(language, {
        style: 'unit',
        unit,
        // Short, a byte has no plural: 352 byte.
        unitDisplay: step === 0 ? 'long' : 'short',
        maximumFractionDigits: 1,
      }).format(n / 1024 ** step);
    },
    list: (parts) => list.format(parts),
  };
}

function validZone(name: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return 'UTC';
  }
}

/** An ISO 8601 duration in seconds; undefined when it is none, or counts months or years. */
export function durationSeconds(iso: string): number | undefined {
  const found =
    /^P(?:(\d+(?:\.\d+)?)W|(?:(\d+(?:\.\d+)?)D)?(?:T(?=\d)(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?)$/.exec(
      iso,
    );
  if (!found || iso === 'P') return undefined;
  const [, weeks, days, hours, minutes, seconds] = found.map((part) => Number(part ?? 0));
  return (weeks ?? 0) * 604_800 + (days ?? 0) * 86_400 + (hours ?? 0) * 3_600 + (minutes ?? 0) * 60 + (seconds ?? 0);
}

/** PT4M12S → 4 min 12 sec; what cannot be counted stays as it is. */
export function duration(iso: string, language: string): string {
  const exact = durationSeconds(iso);
  if (exact === undefined) return iso;
  // Rounded before it is divided: 299.6 seconds are 5 minutes, not 4 min 60 sec.
  const total = Math.round(exact);
  const parts: [number, string][] = [
    [Math.floor(total / 3600), 'hour'],
    [Math.floor((total % 3600) / 60), 'minute'],
    [total % 60, 'second'],
  ];
  const shown = parts.filter(([n]) => n > 0).slice(0, 2);
  if (shown.length === 0) shown.push([Math.round(exact * 10) / 10, 'second']);
  return shown
    .map(([n, unit]) => new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(n))
    .join(' ');
}
