import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { duration, durationSeconds, makeFormat } from './format';
import { held, permits, permitsSomewhere } from './permissions';
import { flag, text } from './search';
import { match, type Shortcuts } from './shortcuts';
import { endOfDay, fromClock, instant, lengthWords, onClock } from './time-range';
import { agentText, identifier, parseAgent, sentence, verbIri } from './xapi';

const now = Date.parse('2026-09-21T12:00:00Z');

describe('times', () => {
  test.each([
    ['15m', '2026-09-21T11:45:00.000Z'],
    ['7d', '2026-09-14T12:00:00.000Z'],
    ['2026-09-01', '2026-09-01T00:00:00.000Z'],
    ['2026-09-01T02:00:00+02:00', '2026-09-01T00:00:00.000Z'],
  ])('%s is %s', (text, iso) => expect(instant(text, 'UTC', now)).toBe(iso));
  test.each(['', 'yesterday', '7y', '999999d', '2026-13-01', '7d ago'])('%j is none', (text) =>
    expect(instant(text, 'UTC', now)).toBeUndefined(),
  );
  test.each([
    ['2026-09-21T14:30', 'Europe/Berlin', '2026-09-21T12:30:00.000Z'],
    ['2026-01-21T14:30', 'Europe/Berlin', '2026-01-21T13:30:00.000Z'],
    ['2026-09-21T14:30', 'America/New_York', '2026-09-21T18:30:00.000Z'],
    ['2026-09-21T14:30', 'Asia/Kathmandu', '2026-09-21T08:45:00.000Z'],
    // The hours after and before the clocks change on 29 March and 25 October.
    ['2026-03-29T03:30', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
    ['2026-10-25T04:00', 'Europe/Berlin', '2026-10-25T03:00:00.000Z'],
  ])('%s on the clocks of %s is %s, and back', (clock, zone, iso) => {
    expect(fromClock(clock, zone)).toBe(iso);
    expect(onClock(iso, zone)).toBe(clock);
  });
  test('days are those of the zone', () => {
    expect(instant('2026-09-21', 'Asia/Tokyo', now)).toBe('2026-09-20T15:00:00.000Z');
    expect(endOfDay('2026-12-31', 'America/New_York')).toBe('2027-01-01T04:59:59.000Z');
  });

  test('are shown in the tenant’s zone', () => {
    expect(makeFormat('de', 'Europe/Berlin').time('2026-09-21T12:00:00Z')).toContain('14:00:00');
    expect(makeFormat('en', 'No/Where').timeZone).toBe('UTC');
  });
  test('have lengths in words', () => {
    expect(lengthWords('90d', 'en')).toBe('90 days');
    expect(lengthWords('24h', 'de')).toBe('24 Stunden');
    expect(lengthWords('2026-09-21', 'en')).toBe('2026-09-21');
  });
  test('are told from now', () => {
    const { ago } = makeFormat('en', 'UTC');
    expect(ago('2026-09-21T11:59:48Z', now)).toMatch(/^12 sec/);
    expect(ago('2026-09-22T12:00:00Z', now)).toBe('tomorrow');
    expect(ago('2026-09-21T13:59:59.5Z', now)).toBe('in 2 hours');
  });
});

describe('durations', () => {
  test.each([
    ['PT4M12S', 252],
    ['P1DT1H', 90_000],
    ['P2W', 1_209_600],
    ['PT0.5S', 0.5],
  ])('%s has %d seconds', (iso, seconds) => expect(durationSeconds(iso)).toBe(seconds));
  test.each(['P', 'PT', 'P1M', 'P1Y', '4M', 'PT1S2M'])('%s cannot be counted', (iso) =>
    expect(durationSeconds(iso)).toBeUndefined(),
  );
  test('what cannot be counted stays', () => expect(duration('P1M', 'en')).toBe('P1M'));
  test.each([
    ['PT4M12S', '4 min 12 sec'],
    ['PT4M59.6S', '5 min'],
    ['PT59M59.9S', '1 hr'],
    ['PT0.4S', '0.4 sec'],
    ['PT0S', '0 sec'],
  ])('%s is %s', (iso, words) => expect(duration(iso, 'en')).toBe(words));
});

describe('permissions', () => {
  const mine = { tenant: ['stores.view'], stores: { pilot: ['keys.manage'] } };
  test('of a store hold there only', () => {
    expect(permits(mine, 'keys.manage', 'pilot')).toBe(true);
    expect(permits(mine, 'keys.manage', 'main')).toBe(false);
    expect(permits(mine, 'keys.manage')).toBe(false);
    expect(permitsSomewhere(mine, 'keys.manage')).toBe(true);
  });
  test('of the tenant hold in each store', () => expect(permits(mine, 'stores.view', 'pilot')).toBe(true));
  test('are listed once', () => expect(held(mine)).toEqual(['keys.manage', 'stores.view']));
});

test('keys after each other', () => {
  const go = () => undefined;
  const shortcuts: Shortcuts = { 'g k': go, k: () => undefined };
  expect(match(shortcuts, '', 'g')).toEqual({ pending: 'g' });
  expect(match(shortcuts, 'g', 'k')).toEqual({ run: go, pending: '' });
  expect(match(shortcuts, '', 'k').run).toBe(shortcuts.k);
  expect(match(shortcuts, 'g', 'x')).toEqual({ pending: '' });
});

describe('agents', () => {
  test.each([
    { mbox: 'mailto:ada@example.com' },
    { account: { homePage: 'https://lms.example.com', name: 'a|b' } },
    { mbox_sha1sum: 'da39a3ee5e6b4b0d3255bfef95601890afd80709' },
    { openid: 'https://ada.example.com/' },
  ])('%j goes through a word and back', (agent) => expect(parseAgent(agentText(agent))).toEqual(agent));
  test.each(['ada', '', '{', 'a b@c'])('%j names nobody', (text) => expect(parseAgent(text)).toBeUndefined());
  test('names do not select', () =>
    expect(identifier({ name: 'Ada', mbox: 'mailto:a@b' })).toEqual({ mbox: 'mailto:a@b' }));
});

test('verbs', () => {
  expect(verbIri('Completed')).toBe('http://adlnet.gov/expapi/verbs/completed');
  expect(verbIri('https://w3id.org/xapi/x')).toBe('https://w3id.org/xapi/x');
  expect(verbIri('frobnicated')).toBeUndefined();
});

test('a statement is a sentence', () => {
  const words = {
    language: 'en',
    percent: makeFormat('en', 'UTC').percent,
    t: (key: string, values?: Record<string, unknown>) => `${key.slice(5)}${values ? ` ${values.duration}` : ''}`,
  };
  const row = {
    id: '801e3c2e-133f-406c-9578-2ac1fa93cd25',
    stored: '2026-09-21T12:00:00Z',
    timestamp: '2026-09-21T12:00:00Z',
    actor: { name: 'Ada', agent: {}, pseudonym: false },
    verb: { id: 'http://adlnet.gov/expapi/verbs/completed', display: 'completed' },
    object: { kind: 'activity' as const, id: 'https://x', name: 'Forklift safety' },
    result: { scaled: 0.92, completion: true, duration: 'PT4M' },
    voided: false,
  };
  expect(sentence(row, words)).toBe('Ada completed Forklift safety, 92%, in 4 min');
});

test.each([
  ['a', 'a'],
  [4706, '4706'],
  [{ mbox: 'mailto:a@b' }, '{"mbox":"mailto:a@b"}'],
  [undefined, undefined],
])('%j in the URL is the text %j', (value, is) => expect(z.parse(text, value)).toBe(is));
test('a switch in the URL is on only when it is true', () =>
  expect([true, 'yes', undefined].map((v) => z.parse(flag, v))).toEqual([true, false, undefined]));
