import { queryOptions, useQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '@/api/client';
import type { Row } from '@/api/statements';
import { useTenant } from '@/shared/lib/tenant';
import { agentText } from '@/shared/lib/xapi';
import type { Field, Suggestion } from '@/shared/ui/query-bar';

const kinds = { verb: 'verbs', activity: 'activities', actor: 'people' } as const;
type Kind = (typeof kinds)[keyof typeof kinds];

/** What is being completed: `verb:comp` → verbs that begin with comp. People count as looked at, so they need two letters. */
export function wantedWords(text: string): { kind: Kind; q: string } | undefined {
  const colon = text.indexOf(':');
  const kind = kinds[text.slice(0, colon) as keyof typeof kinds];
  const q = text
    .slice(colon + 1)
    .replaceAll('"', '')
    .trim();
  return kind && (kind !== 'people' || q.length > 1) ? { kind, q: q.slice(0, 200) } : undefined;
}

/** The value of a chip for a word of the store. */
const chipValue = (item: Schema['VocabularyItem']) => (item.agent ? agentText(item.agent) : item.id);

const wordsQuery = (tenant: string, store: string, kind: Kind, q: string) =>
  queryOptions({
    queryKey: ['vocabulary', tenant, store, kind, q],
    queryFn: ({ signal }) =>
      call(
        api.GET('/api/v1/tenants/{tenant}/stores/{store}/vocabulary', {
          params: { path: { tenant, store }, query: { kind, q: q || undefined, limit: 12 } },
          signal,
        }),
      ),
    // Each ask for people is recorded: the same one is not made twice in a while.
    staleTime: 120_000,
    retry: false,
    // Of what is not of people the list is asked for again until all of it is known.
    refetchInterval: ({ state }) => (kind !== 'people' && state.data?.complete === false ? 3000 : false),
  });

/** Names of what has been seen here, by the value of its chip. */
class Names {
  readonly verb = new Map<string, string>();
  readonly activity = new Map<string, string>();
  readonly actor = new Map<string, string>();

  add(rows: readonly Row[]): void {
    for (const { verb, object, actor } of rows) {
      this.verb.set(verb.id, verb.display || verb.id);
      if (object.kind === 'activity') this.activity.set(object.id, object.name || object.id);
      if (actor.agent) this.actor.set(agentText(actor.agent), actor.name);
    }
  }
}

const labelled = (value: string, name: string): Suggestion => ({
  value,
  label: name === value ? value : `${name} · ${value}`,
});

const plain = (...values: string[]) => values.map((value) => ({ value, label: value }));

/** The fields of the query bar, with what the store has for what is typed, and with what the rows show already. */
export function useVocabulary(store: string, rows: readonly Row[], identities: boolean) {
  const { t } = useTranslation('statements');
  const shared = useTranslation('shared').t;
  const tenant = useTenant();
  const [text, setText] = useState('');
  const [asked, setAsked] = useState('');
  useEffect(() => {
    const wait = setTimeout(() => setAsked(text), 250);
    return () => clearTimeout(wait);
  }, [text]);
  const wanted = wantedWords(asked);
  const { data, error } = useQuery({
    ...wordsQuery(tenant.slug, store, wanted?.kind ?? 'verbs', wanted?.q ?? ''),
    // Who sees pseudonyms is told of nobody: there is nothing to ask.
    enabled: wanted !== undefined && (wanted.kind !== 'people' || identities),
  });

  const names = useMemo(() => new Names(), []);
  const seen = useDeferredValue(rows);
  const fields = useMemo((): Field[] => {
    names.add(seen);
    const found = data?.items.map((item) => labelled(chipValue(item), item.name));
    const of = (name: keyof typeof kinds): Field => {
      const mine = wanted?.kind === kinds[name];
      if (mine) for (const item of data?.items ?? []) names[name].set(chipValue(item), item.name);
      return {
        name,
        suggestions: [...names[name]].map(([value, label]) => labelled(value, label)),
        found: mine ? found : undefined,
        show: (value) => names[name].get(value) ?? value,
      };
    };
    return [
      of('verb'),
      of('actor'),
      of('activity'),
      { name: 'registration' },
      { name: 'score', suggestions: plain('<0.5', '<0.8', '>=0.8', '=1') },
      {
        name: 'success',
        suggestions: [labelled('true', shared('xapi.passed')), labelled('false', shared('xapi.failed'))],
      },
      {
        name: 'completion',
        suggestions: [labelled('true', shared('xapi.completed')), labelled('false', shared('xapi.incomplete'))],
      },
      { name: 'since', suggestions: plain('15m', '1h', '24h', '7d', '30d') },
      { name: 'until' },
    ];
  }, [names, seen, data, wanted?.kind, shared]);

  const people = text.startsWith('actor:');
  const word = people && !identities ? 'masked' : people && !wantedWords(text) ? 'letters' : undefined;
  const trouble = wanted && (error ? 'error' : data && !data.complete ? 'incomplete' : undefined);
  const note = word ?? (wantedWords(text) && trouble);
  return { fields, note: note && t(`words.${note}`), onType: setText };
}
