import { expect, test } from 'vitest';
import type { Row } from '@/api/statements';
import { merge } from './queries';
import { filters, guess, scoreBounds, valid } from './query';
import { wantedWords } from './vocabulary';

const now = Date.parse('2026-09-21T12:00:00Z');

test('the URL becomes filters', () => {
  expect(filters('verb:completed actor:ada@example.com registration:nonsense', { since: '7d' }, 'UTC', now)).toEqual({
    verb: 'http://adlnet.gov/expapi/verbs/completed',
    agent: '{"mbox":"mailto:ada@example.com"}',
    since: '2026-09-14T12:00:00.000Z',
  });
});

test.each([
  ['ada@example.com', 'actor'],
  ['passed', 'verb'],
  ['http://adlnet.gov/expapi/verbs/passed', 'verb'],
  ['https://lms.example.com/course/1', 'activity'],
  ['801E3C2E-133f-406c-9578-2ac1fa93cd25', 'registration'],
])('%s is of %s', (value, field) => expect(guess(value)?.field).toBe(field));

test('what it cannot be is refused', () => {
  expect(guess('frobnicated')).toBeUndefined();
  expect(valid({ field: 'since', value: 'yesterday' }, now)).toBe(false);
});

test('what arrives live stands first, and once', () => {
  const rows = (...ids: string[]) => ids.map((id) => ({ id }) as Row);
  expect(merge(rows('c', 'b'), rows('b', 'a')).map((r) => r.id)).toEqual(['c', 'b', 'a']);
});

test.each([
  ['<0.8', '<0.8'],
  ['>=50%,<0.8', '>=0.5,<0.8'],
  ['=-.5', '=-0.5'],
  ['0.8', undefined],
  ['<', undefined],
  ['<1,<2,<3', undefined],
  ['<0.8,', undefined],
])('a score of %s is asked for as %s', (text, bounds) => expect(scoreBounds(text)).toBe(bounds));

test('a result is asked for by its score, success and completion', () => {
  expect(filters('score:<80% success:false completion:true', {}, 'UTC', now)).toEqual({
    score: '<0.8',
    success: false,
    completion: true,
  });
  expect(filters('score<0.8', {}, 'UTC', now)).toEqual({ score: '<0.8' });
  expect(filters('success:perhaps score:high', {}, 'UTC', now)).toEqual({});
});

test('the store is asked for words of the field that is typed, and for people by two letters', () => {
  expect(wantedWords('verb:')).toEqual({ kind: 'verbs', q: '' });
  expect(wantedWords('activity:"Forklift sa')).toEqual({ kind: 'activities', q: 'Forklift sa' });
  expect(wantedWords('actor:a')).toBeUndefined();
  expect(wantedWords('actor:ad')).toEqual({ kind: 'people', q: 'ad' });
  expect(wantedWords('registration:80')).toBeUndefined();
  expect(wantedWords('verb')).toBeUndefined();
});
