import { expect, test } from 'vitest';
import { errorShare, sum } from '@/shared/ui/usage-days';
import { say } from './system-page';

test('numbers of the service have the unit of their name', () => {
  expect(say('pingMs', 0.44, 'en')).toBe('0.4 ms');
  expect(say('lagSeconds', 12, 'de')).toBe('12 Sek.');
  expect(say('statements', 12345, 'de')).toBe('12.345');
});

test('days add up, and errors are of all requests', () => {
  const one = { statements: 2, requests: 3, refused: 1, failed: 1, bytesIn: 10, consoleReads: 0 };
  const all = sum([one, { ...one, requests: 5 }]);
  expect(all).toEqual({ statements: 4, requests: 8, refused: 2, failed: 2, bytesIn: 20, consoleReads: 0 });
  expect(errorShare(all)).toBe(0.5);
  expect(errorShare(sum([]))).toBeUndefined();
});
