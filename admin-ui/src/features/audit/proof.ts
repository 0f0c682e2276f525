import type { Proof } from './queries';

type Bytes = Uint8Array<ArrayBuffer>;

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (of: Bytes) => [...of].map((b) => b.toString(16).padStart(2, '0')).join('');

async function hash(prefix: number, ...parts: Bytes[]): Promise<Bytes> {
  const size = parts.reduce((n, p) => n + p.length, 1);
  const all = new Uint8Array(size);
  all[0] = prefix;
  let at = 1;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
}

/** The leaf of an event: SHA-256 of a zero byte and its canonical encoding (RFC 6962, 2.1). */
export const leafOf = async (encoding: string) =>
  hex(
    await hash(
      0,
      Uint8Array.from(atob(encoding), (c) => c.charCodeAt(0)),
    ),
  );

/** The root that leaf and path lead to (RFC 9162, 2.1.3.2); undefined when the path does not fit the place and size. */
export async function rootOf(
  leaf: string,
  index: number,
  size: number,
  path: readonly string[],
): Promise<string | undefined> {
  if (index < 0 || index >= size) return undefined;
  let at = index;
  let last = size - 1;
  let root = bytes(leaf);
  for (const step of path) {
    if (last === 0) return undefined;
    if (at % 2 === 1 || at === last) {
      root = await hash(1, bytes(step), root);
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else {
      root = await hash(1, root, bytes(step));
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hex(root) : undefined;
}

/** Whether the event is in the sealed log as it was written, computed here in the browser and not believed. */
export async function holds({ encoding, leaf, index, path, seal }: Proof): Promise<boolean> {
  if (encoding === undefined || leaf === undefined || index === undefined || !seal) return false;
  return (await leafOf(encoding)) === leaf && (await rootOf(leaf, index, seal.count, path ?? [])) === seal.root;
}
