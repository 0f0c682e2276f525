import { Alert, Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { EyeOff } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { usePages } from '@/api/pages';
import { fetchStatements, type Row, type StatementPage } from '@/api/statements';
import { storesQuery } from '@/api/stores';
import { useCan, useFormat, useTenant } from '@/shared/lib/tenant';
import { agentText, identifier, parseAgent, sentence } from '@/shared/lib/xapi';
import { DataTable } from '@/shared/ui/data-table';
import { ErrorState, FilteredState, NeverState } from '@/shared/ui/empty-state';
import { TextLink } from '@/shared/ui/links';
import { Facts, PageHeader, Panel } from '@/shared/ui/page-header';
import { formatChips } from '@/shared/ui/query-bar';

export interface LearnersSearch {
  store?: string;
  /** One identifier of the person, as agentText writes it. */
  who?: string;
}

/** One person: how they are known here, and what they did, newest first. */
export function LearnersPage({
  search,
  onSearch,
}: {
  search: LearnersSearch;
  onSearch: (search: LearnersSearch) => void;
}) {
  const { t } = useTranslation('learners');
  const tenant = useTenant();
  const can = useCan();
  const stores = useQuery(storesQuery(tenant.slug));
  const seen = stores.data?.filter((s) => can('statements.view', s.slug)) ?? [];
  const store = search.store ?? (seen.find((s) => s.kind === 'production') ?? seen[0])?.slug;
  const [text, setText] = useState(search.who ?? '');
  const [wrong, setWrong] = useState(false);
  const agent = search.who === undefined ? undefined : parseAgent(search.who);
  return (
    <>
      <PageHeader title={t('title')} text={t('text')} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const found = parseAgent(text);
          setWrong(!found);
          if (found) onSearch({ ...search, who: agentText(found) });
        }}
      >
        <Group align="flex-start" mb="md">
          {seen.length > 1 && (
            <Select
              aria-label={t('store')}
              data={seen.map((s) => ({ value: s.slug, label: s.name }))}
              value={store ?? null}
              allowDeselect={false}
              onChange={(value) => onSearch({ ...search, store: value ?? undefined })}
              w={200}
            />
          )}
          <TextInput
            aria-label={t('who')}
            placeholder={t('placeholder')}
            flex={1}
            miw={220}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            error={wrong && t('wrong')}
            spellCheck={false}
          />
          <Button type="submit">{t('find')}</Button>
        </Group>
      </form>
      {stores.error && <ErrorState error={stores.error} retry={() => void stores.refetch()} />}
      {!agent && !stores.error && <NeverState title={t('nobody')} text={t('nobodyText')} />}
      {agent && store && (
        <Person
          key={`${store} ${search.who}`}
          agent={agent}
          store={store}
          clear={() => onSearch({ store: search.store })}
        />
      )}
    </>
  );
}

function Person({ agent, store, clear }: { agent: Record<string, unknown>; store: string; clear: () => void }) {
  const { t, i18n } = useTranslation('learners');
  const shared = useTranslation('shared').t;
  const tenant = useTenant();
  const format = useFormat();
  const navigate = useNavigate();
  const filters = { agent: JSON.stringify(identifier(agent)) };
  const pages = usePages<Row, StatementPage>(
    ['statements', tenant.slug, store, 'learner', filters.agent],
    fetchStatements(tenant.slug, store, filters),
  );
  const person = pages.rows[0]?.actor;
  const words = { language: i18n.language, percent: format.percent, t: shared };
  return (
    <Stack>
      {person && (
        <Panel title={person.name}>
          <Facts
            rows={[
              [t('identifier'), <code key="id">{agentText(agent)}</code>],
              [t('names'), format.list([...new Set(pages.rows.map((row) => row.actor.name))])],
              [t('latest'), pages.rows[0] && format.time(pages.rows[0].stored)],
              [
                t('more'),
                <TextLink
                  key="more"
                  size="sm"
                  to="/t/$tenant/statements"
                  params={{ tenant: tenant.slug }}
                  search={{ store, q: formatChips([{ field: 'actor', value: agentText(agent) }]) }}
                >
                  {t('browse')}
                </TextLink>,
              ],
            ]}
          />
          {person.pseudonym && (
            <Alert color="gray" p="xs" mt="sm" icon={<EyeOff size={16} aria-hidden />}>
              {t('pseudonym')}
            </Alert>
          )}
        </Panel>
      )}
      <DataTable
        label={t('timeline')}
        columns={[
          { id: 'at', header: t('happened'), width: 176, cell: (row) => format.time(row.timestamp) },
          {
            id: 'sentence',
            header: t('what'),
            cell: (row) => (
              <Text size="sm" span td={row.voided ? 'line-through' : undefined}>
                {sentence(row, words)}
              </Text>
            ),
          },
        ]}
        pages={pages}
        rowId={(row) => row.id}
        onOpen={(row) =>
          void navigate({ to: '/t/$tenant/statements', params: { tenant: tenant.slug }, search: { store, id: row.id } })
        }
        empty={<FilteredState clear={clear} />}
      />
    </Stack>
  );
}
