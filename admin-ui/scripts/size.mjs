// Holds the built console to its budget, in bytes after gzip: what each route needs to
// be shown (its own chunks and all that they import), the style, and any single chunk.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const budget = { route: 270_000, css: 45_000, charts: 130_000, chunk: 60_000 };
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));
const sizes = new Map();

function size(file) {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length);
  return sizes.get(file);
}

/** Every chunk that key imports, itself included. */
function closure(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of manifest[key].imports ?? []) closure(next, seen);
  return seen;
}

const failures = [];
const check = (what, bytes, limit) => {
  const line = `${String(bytes).padStart(8)} of ${String(limit).padStart(8)}  ${what}`;
  process.stdout.write(`${line}\n`);
  if (bytes > limit) failures.push(line);
};
const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const routes = Object.keys(manifest).filter((key) => key.includes('src/routes/'));
// The frame comes with every page, and words in one language: the frame's, the kit's and a page's.
const always = [entry, ...routes.filter((key) => key.includes('/route.tsx'))];
const word = Object.keys(manifest)
  .filter((key) => key.includes('locales/en/'))
  .map((key) => [key.split('/').at(-1), size(manifest[key].file)]);
const common = ['shell.json', 'shared.json'];
const words =
  word.filter(([name]) => common.includes(name)).reduce((sum, [, bytes]) => sum + bytes, 0) +
  Math.max(...word.filter(([name]) => !common.includes(name)).map(([, bytes]) => bytes));
let styles = new Set();
for (const route of routes) {
  const chunks = new Set([...always, route].flatMap((key) => [...closure(key)]));
  const files = new Set([...chunks].map((key) => manifest[key].file));
  check(`JS of ${route}`, [...files].reduce((sum, file) => sum + size(file), 0) + words, budget.route);
  const css = new Set([...chunks].flatMap((key) => manifest[key].css ?? []));
  if (css.size > styles.size) styles = css;
}
check(
  'CSS of the heaviest route',
  [...styles].reduce((sum, file) => sum + size(file), 0),
  budget.css,
);
const first = new Set([...closure(entry)].map((key) => manifest[key].file));
for (const { file } of Object.values(manifest)) {
  if (!file.endsWith('.js') || first.has(file)) continue;
  const limit = file.includes('charts') ? budget.charts : budget.chunk;
  if (size(file) > limit) check(file, size(file), limit);
}
if (failures.length > 0) {
  process.stderr.write(`Over the budget:\n${failures.join('\n')}\n`);
  process.exit(1);
}
