import { expect, test } from 'vitest';
import type { Row } from '@/api/statements';
import { merge } from './queries';
import { filters, guess, valid } from './query';

const now = Date.parse('2026-09-21T12:00:00Z');

test('the URL becomes filters', () => {
  expect(filters('verb:completed actor:ada@example.com registration:nonsense', { since: '7d' }, now)).toEqual({
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
