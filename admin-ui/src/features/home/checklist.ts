import type { Schema } from '@/api/client';

export type Step = 'key' | 'send' | 'see' | 'invite';

interface Facts {
  keys: Pick<Schema['Key'], 'lastUsedAt'>[] | undefined;
  statements: number | undefined;
  members: number | undefined;
}

/** Which steps of a new tenant are done; undefined where one may not know. */
export function checklist({ keys, statements, members }: Facts): Record<Step, boolean | undefined> {
  return {
    key: keys && keys.length > 0,
    send:
      (keys?.some((k) => k.lastUsedAt !== undefined) ?? false) ||
      (statements ?? 0) > 0 ||
      (keys === undefined ? undefined : false),
    see: statements === undefined ? undefined : statements > 0,
    invite: members === undefined ? undefined : members > 1,
  };
}
