import { expect, test } from 'vitest';

const files = import.meta.glob<Record<string, unknown>>('./*/*.json', { eager: true, import: 'default' });

function flat(words: Record<string, unknown>, prefix = ''): [string, string][] {
  return Object.entries(words).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[prefix + name, value]] : flat(value as Record<string, unknown>, `${prefix}${name}.`),
  );
}

const names = Object.keys(files)
  .filter((path) => path.startsWith('./en/'))
  .map((path) => path.slice('./en/'.length));

test('there are words', () => expect(names.length).toBeGreaterThan(10));

test.each(names)('%s is complete in German, with the same values to fill in', (name) => {
  const en = new Map(flat(files[`./en/${name}`] ?? {}));
  const de = new Map(flat(files[`./de/${name}`] ?? {}));
  expect([...de.keys()].sort()).toEqual([...en.keys()].sort());
  for (const [key, english] of en) {
    const places = (text: string) => [...new Set(text.match(/\{\{\w+\}\}|<\/?\w+>/g))].sort();
    expect(places(de.get(key) ?? ''), key).toEqual(places(english));
    expect((de.get(key) ?? '').trim(), key).not.toBe('');
  }
});
