import { expect, test } from 'vitest';
import { complete, formatChips, parseChips } from './query-bar';

const names = ['verb', 'actor'];

test.each([
  [
    [
      { field: 'verb', value: 'completed' },
      { field: 'actor', value: 'a b|https://x' },
    ],
  ],
  [[{ field: 'actor', value: 'a "quoted" \\ name' }]],
  [[{ field: '', value: 'https://example.com/x' }]],
])('%j goes through text and back', (chips) => expect(parseChips(formatChips(chips), names)).toEqual(chips));

test('a colon of no field belongs to the value', () =>
  expect(parseChips('mailto:ada@example.com', names)).toEqual([{ field: '', value: 'mailto:ada@example.com' }]));

test('a comparison needs no colon', () => {
  expect(parseChips('score<0.8 score:>=1', ['score'])).toEqual([
    { field: 'score', value: '<0.8' },
    { field: 'score', value: '>=1' },
  ]);
  expect(parseChips('a=b', ['score'])).toEqual([{ field: '', value: 'a=b' }]);
});

test('what the server found is offered as it is, once', () => {
  const one = { value: 'http://v/completed', label: 'completed' };
  const found = [one, { value: 'http://v/done', label: 'abgeschlossen' }];
  expect(complete('verb:comp', [{ name: 'verb', suggestions: [one], found }]).map((s) => s.label)).toEqual([
    'completed',
    'abgeschlossen',
  ]);
});

test('fields complete first, then their values', () => {
  const fields = [
    {
      name: 'verb',
      suggestions: [
        { value: 'http://v/completed', label: 'completed' },
        { value: 'http://v/passed', label: 'passed' },
      ],
    },
    { name: 'actor' },
  ];
  expect(complete('ve', fields).map((s) => s.value)).toEqual(['verb:']);
  expect(complete('verb:PASS', fields)).toEqual([{ value: 'verb:http://v/passed', label: 'passed' }]);
  expect(complete('actor:x', fields)).toEqual([]);
});
