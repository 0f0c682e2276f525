import { Alert, Anchor, Button, Group, Loader, Stack, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { usePages } from '@/api/pages';
import { asApiError } from '@/api/problem';
import type { Row, StatementPage } from '@/api/statements';
import { useCan, useFormat, useTenant } from '@/shared/lib/tenant';
import { agentText, authorityText, objectOf, outcome, sentence } from '@/shared/lib/xapi';
import { Json } from '@/shared/ui/code';
import { Copy } from '@/shared/ui/copy';
import { DataTable } from '@/shared/ui/data-table';
import { DetailDrawer } from '@/shared/ui/detail-drawer';
import { ErrorState, NeverState } from '@/shared/ui/empty-state';
import { Facts } from '@/shared/ui/page-header';
import { formatChips } from '@/shared/ui/query-bar';
import { Missing } from './missing';
import { relatedPage, statementQuery, statementsKey, voidedByQuery } from './queries';
import classes from './statements.module.css';
import { VoidStatement } from './void-statement';

export type StatementTab = 'summary' | 'json' | 'context' | 'related';

interface Props {
  store: string;
  stores: string[];
  id: string | undefined;
  tab: StatementTab;
  onTab: (tab: StatementTab) => void;
  onOpen: (id: string | undefined, store?: string) => void;
  onQuery: (q: string) => void;
}

export function StatementDrawer(props: Props) {
  const { t } = useTranslation('statements');
  return (
    <DetailDrawer opened={props.id !== undefined} onClose={() => props.onOpen(undefined)} title={t('statement')}>
      {props.id !== undefined && <Detail key={props.id} {...props} id={props.id} />}
    </DetailDrawer>
  );
}

/** A command that fetches the statement; the key's secret is nowhere here, so a place is left for it. */
export const curl = (origin: string, id: string) =>
  `curl '${origin}/xapi/statements?statementId=${id}' -u 'USER:SECRET' -H 'X-Experience-API-Version: 1.0.3'`;

function Detail({ store, stores, id, tab, onTab, onOpen, onQuery }: Props & { id: string }) {
  const { t } = useTranslation('statements');
  const tenant = useTenant();
  const can = useCan();
  const detail = useQuery(statementQuery(tenant.slug, store, id));
  const [voiding, setVoiding] = useState(false);
  if (detail.error) {
    if (asApiError(detail.error).status === 404)
      return <Missing id={id} store={store} stores={stores} onOpen={onOpen} />;
    return <ErrorState error={detail.error} retry={() => void detail.refetch()} />;
  }
  if (!detail.data) return <Loader size="sm" aria-label={t('loading', { ns: 'shared' })} />;
  const { row, statement } = detail.data;
  return (
    <Stack>
      <Sentence row={row} />
      {row.voided && <Voided store={store} id={id} onOpen={onOpen} />}
      <Tabs value={tab} onChange={(to) => onTab(to as StatementTab)} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="summary">{t('summary')}</Tabs.Tab>
          <Tabs.Tab value="json">{t('json')}</Tabs.Tab>
          <Tabs.Tab value="context">{t('context')}</Tabs.Tab>
          <Tabs.Tab value="related">{t('related')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="summary" pt="md">
          <Summary
            row={row}
            statement={statement}
            identities={detail.data.identities}
            onOpen={onOpen}
            onQuery={onQuery}
          />
        </Tabs.Panel>
        <Tabs.Panel value="json" pt="md">
          <Stack>
            <Json value={statement} label={t('json')} />
            <Copy value={JSON.stringify(statement, null, 2)} label={t('copyJson')} />
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="context" pt="md">
          {statement.context ? (
            <Json value={statement.context} label={t('context')} />
          ) : (
            <Text size="sm">{t('noContext')}</Text>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="related" pt="xs">
          <Related store={store} id={id} onOpen={onOpen} />
        </Tabs.Panel>
      </Tabs>
      <Group>
        <Copy value={curl(window.location.origin, id)} label={t('copyCurl')} />
        <Copy value={id} label={t('copyId')} />
        {can('statements.void', store) && !row.voided && (
          <Button variant="outline" color="red" c="var(--mantine-color-error)" onClick={() => setVoiding(true)}>
            {t('void.open')}
          </Button>
        )}
      </Group>
      {voiding && <VoidStatement store={store} id={id} onClose={() => setVoiding(false)} />}
    </Stack>
  );
}

function Voided({ store, id, onOpen }: { store: string; id: string; onOpen: (id: string) => void }) {
  const { t } = useTranslation('statements');
  const tenant = useTenant();
  const by = useQuery(voidedByQuery(tenant.slug, store, id)).data?.row.id;
  return (
    <Alert color="red" p="xs">
      {t('voided')}{' '}
      {by && (
        <Anchor component="button" type="button" size="sm" onClick={() => onOpen(by)}>
          {t('voidedBy')}
        </Anchor>
      )}
    </Alert>
  );
}

function useWords() {
  const { t, i18n } = useTranslation('shared');
  const format = useFormat();
  return { language: i18n.language, percent: format.percent, t };
}

function Sentence({ row }: { row: Row }) {
  return <p className={classes.sentence}>{sentence(row, useWords())}</p>;
}

function Summary({
  row,
  statement,
  identities,
  onOpen,
  onQuery,
}: {
  row: Row;
  statement: Schema['StatementDetail']['statement'];
  identities: boolean;
  onOpen: (id: string) => void;
  onQuery: (q: string) => void;
}) {
  const { t } = useTranslation('statements');
  const format = useFormat();
  const words = useWords();
  const chip = (field: string, value: string, label: string) => (
    <Anchor
      component="button"
      type="button"
      size="sm"
      ta="left"
      onClick={() => onQuery(formatChips([{ field, value }]))}
    >
      {label}
    </Anchor>
  );
  const activity = row.object.kind === 'activity' && row.object.id;
  const referred = row.object.kind === 'statement' && (
    <Anchor component="button" type="button" size="sm" ta="left" onClick={() => onOpen(row.object.id)}>
      {objectOf(row, words.t)}
    </Anchor>
  );
  const authority = statement.authority as Record<string, unknown> | undefined;
  return (
    <Stack gap="sm">
      <Facts
        rows={[
          [t('learner'), row.actor.agent ? chip('actor', agentText(row.actor.agent), row.actor.name) : row.actor.name],
          [t('verb'), chip('verb', row.verb.id, row.verb.display)],
          [t('activity'), activity && chip('activity', activity, objectOf(row, words.t))],
          [t('activityId'), activity && <code key="id">{activity}</code>],
          [t('object'), !activity && (referred || objectOf(row, words.t))],
          [t('result'), outcome(row, words).join(', ')],
          [t('registration'), row.registration && chip('registration', row.registration, row.registration)],
          [t('timestamp'), format.exact(row.timestamp)],
          [t('stored'), format.exact(row.stored)],
          [t('authority'), authority && authorityText(authority)],
          [t('id'), <code key="uuid">{row.id}</code>],
        ]}
      />
      {!identities && (
        <Text size="xs" c="dimmed">
          {t('pseudonyms')}
        </Text>
      )}
    </Stack>
  );
}

function Related({ store, id, onOpen }: { store: string; id: string; onOpen: (id: string) => void }) {
  const { t } = useTranslation('statements');
  const tenant = useTenant();
  const format = useFormat();
  const words = useWords();
  const pages = usePages<Row, StatementPage>(
    [...statementsKey(tenant.slug, store), 'related', id],
    relatedPage(tenant.slug, store, id),
  );
  return (
    <DataTable
      label={t('related')}
      columns={[
        { id: 'sentence', header: t('statement'), cell: (row) => sentence(row, words) },
        { id: 'stored', header: t('stored'), cell: (row) => format.time(row.stored), width: 160, below: 'sm' },
      ]}
      pages={pages}
      rowId={(row) => row.id}
      onOpen={(row) => onOpen(row.id)}
      empty={<NeverState title={t('noRelated')} text={t('noRelatedText')} />}
    />
  );
}
