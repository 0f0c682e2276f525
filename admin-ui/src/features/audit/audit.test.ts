import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import en from '../../locales/en/sentences.json';
import { actions, sentenceKey } from './actions';
import { differences } from './differences';
import { leafOf, rootOf } from './proof';
import { asked, exportUrl, lines } from './queries';
import { deleteView, loadViews, saveView } from './views';

const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();

/** Merkle tree hash and path as RFC 6962, 2.1 and 2.1.1 define them, written anew. */
function tree(leaves: Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0] as Buffer;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha(Buffer.from([1]), tree(leaves.slice(0, k)), tree(leaves.slice(k)));
}
function path(m: number, leaves: Buffer[]): Buffer[] {
  if (leaves.length === 1) return [];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return m < k
    ? [...path(m, leaves.slice(0, k)), tree(leaves.slice(k))]
    : [...path(m - k, leaves.slice(k)), tree(leaves.slice(0, k))];
}

describe('proofs', () => {
  test.each([1, 2, 3, 5, 8, 13])('of a seal over %d events hold, and no others', async (size) => {
    const leaves = Array.from({ length: size }, (_, i) => sha(Buffer.from([0]), Buffer.from(`event ${i}`)));
    const root = tree(leaves).toString('hex');
    for (const [i, leaf] of leaves.entries()) {
      const steps = path(i, leaves).map((b) => b.toString('hex'));
      expect(await rootOf(leaf.toString('hex'), i, size, steps)).toBe(root);
      expect(await rootOf(sha(leaf).toString('hex'), i, size, steps)).not.toBe(root);
      expect(await rootOf(leaf.toString('hex'), i, size, [...steps, root])).not.toBe(root);
    }
  });
  test('begin with the hash of the encoding', async () => {
    expect(await leafOf(Buffer.from('event').toString('base64'))).toBe(
      sha(Buffer.from([0]), Buffer.from('event')).toString('hex'),
    );
  });
});

test('every action has its sentence', () => {
  const keys = new Set(Object.keys(en).map((key) => key.replace(/_(one|other)$/, '')));
  for (const action of actions) expect(keys.delete(sentenceKey(action)), action).toBe(true);
  // A role that came by a group, and what a newer server may write.
  expect([...keys]).toEqual(['grant_came', 'unknown']);
});

test('before and after, by what differs', () => {
  expect(differences({ a: 1, b: { c: 2, d: 3 } }, { a: 1, b: { c: 4, d: 3 }, e: null })).toEqual([
    { name: 'b.c', before: 2, after: 4 },
    { name: 'e', before: undefined, after: null },
  ]);
});

test('filters name what was asked, and nothing empty', () => {
  expect(asked({ action: 'key.created', text: '', since: '1d' }, 'UTC', Date.parse('2026-09-21T12:00:00Z'))).toEqual({
    action: 'key.created',
    since: '2026-09-20T12:00:00.000Z',
  });
  expect(exportUrl('acme', { text: 'a&b' }, 'csv')).toBe('/api/v1/tenants/acme/audit/export?text=a%26b&format=csv');
});

test('views are kept by tenant, and broken ones forgotten', () => {
  saveView('acme', { name: 'Denied', filters: { outcome: 'denied' } });
  saveView('acme', { name: 'Denied', filters: { outcome: 'failure' } });
  expect(loadViews('acme')).toEqual([{ name: 'Denied', filters: { outcome: 'failure' } }]);
  expect(loadViews('globex')).toEqual([]);
  expect(deleteView('acme', 'Denied')).toEqual([]);
  localStorage.setItem('stoa.audit-views.acme', '{"not":"a list"}');
  expect(loadViews('acme')).toEqual([]);
});

test('an answer that comes line by line is read across its pieces', async () => {
  const pieces = ['{"a":1}\n{"a"', ':2}\n', '{"a":3}'].map((text) => new TextEncoder().encode(text));
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const read: string[] = [];
  for await (const line of lines(stream)) read.push(line);
  expect(read).toEqual(['{"a":1}', '{"a":2}', '{"a":3}']);
});
