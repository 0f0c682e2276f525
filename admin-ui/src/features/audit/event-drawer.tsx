import { Alert, Button, Group, Loader, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat, useTenant } from '@/shared/lib/tenant';
import { Json } from '@/shared/ui/code';
import { Copy } from '@/shared/ui/copy';
import { DetailDrawer } from '@/shared/ui/detail-drawer';
import { ErrorNote, ErrorState } from '@/shared/ui/empty-state';
import table from '@/shared/ui/page.module.css';
import { Facts, Panel } from '@/shared/ui/page-header';
import { Status } from '@/shared/ui/status';
import classes from './audit.module.css';
import { differences, show } from './differences';
import { holds } from './proof';
import { type AuditFilters, type Event, fetchEvent, fetchProof } from './queries';
import { useSentence } from './use-sentence';

interface Props {
  id: string | undefined;
  /** The event, when the list has it already. */
  known: Event | undefined;
  onClose: () => void;
  onFilter: (filters: AuditFilters) => void;
}

export function EventDrawer({ id, known, onClose, onFilter }: Props) {
  const { t } = useTranslation('audit');
  const tenant = useTenant();
  const one = useQuery({
    queryKey: ['audit', tenant.slug, 'event', id],
    queryFn: ({ signal }) => fetchEvent(tenant.slug, id ?? '', signal),
    enabled: id !== undefined && !known,
  });
  const event = known ?? one.data;
  return (
    <DetailDrawer opened={id !== undefined} onClose={onClose} title={t('event', { id })}>
      {one.error && !known && <ErrorState error={one.error} retry={() => void one.refetch()} />}
      {!event && !one.error && <Loader size="sm" aria-label={t('loading', { ns: 'shared' })} />}
      {event && <Detail key={event.id} of={event} onFilter={onFilter} />}
    </DetailDrawer>
  );
}

function Detail({ of, onFilter }: { of: Event; onFilter: (filters: AuditFilters) => void }) {
  const { t } = useTranslation('audit');
  const format = useFormat();
  const sentence = useSentence([of]);
  const { before, after, ...rest } = of.details;
  const changed = differences(before, after);
  const day = {
    since: new Date(Date.parse(of.at) - 43_200_000).toISOString(),
    until: new Date(Date.parse(of.at) + 43_200_000).toISOString(),
  };
  return (
    <Stack>
      <Text size="lg" style={{ overflowWrap: 'anywhere' }}>
        {sentence(of)}
      </Text>
      <Facts
        rows={[
          [t('at'), format.exact(of.at)],
          [t('outcome'), <Status key="outcome" of={of.outcome} />],
          [t('action'), <code key="action">{of.action}</code>],
          [
            t('actor'),
            <span key="actor">
              {of.actor.name} <code>{of.actor.id}</code>
            </span>,
          ],
          [
            t('target'),
            of.target.id && (
              <span key="target">
                {of.target.name} <code>{of.target.id}</code>
              </span>
            ),
          ],
          [t('address'), of.address],
          [t('userAgent'), of.userAgent],
          [t('session'), of.session && <code key="session">{of.session}</code>],
          [t('requestId'), of.requestId && <code key="request">{of.requestId}</code>],
        ]}
      />
      {changed.length > 0 && (
        <Panel title={t('changed')}>
          <table className={table.table} aria-label={t('changed')}>
            <thead>
              <tr>
                <th scope="col">{t('field')}</th>
                <th scope="col">{t('before')}</th>
                <th scope="col">{t('after')}</th>
              </tr>
            </thead>
            <tbody>
              {changed.map((d) => (
                <tr key={d.name}>
                  <td>{d.name}</td>
                  <td className={before ? classes.was : undefined}>{show(d.before)}</td>
                  <td>{show(d.after)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
      )}
      {Object.keys(rest).length > 0 && (
        <Panel title={t('details')}>
          <Facts rows={Object.entries(rest).map(([name, value]) => [name, show(value)])} />
        </Panel>
      )}
      <Group>
        {of.session && (
          <Button variant="default" onClick={() => onFilter({ session: of.session })}>
            {t('bySession')}
          </Button>
        )}
        <Button variant="default" onClick={() => onFilter({ actor: of.actor.id, ...day })}>
          {t('around')}
        </Button>
        <Button variant="default" onClick={() => onFilter({ actor: of.actor.id })}>
          {t('byActor')}
        </Button>
        {of.target.id && (
          <Button variant="default" onClick={() => onFilter({ target: of.target.id })}>
            {t('onTarget')}
          </Button>
        )}
      </Group>
      <ProofPanel id={of.id} />
    </Stack>
  );
}

function ProofPanel({ id }: { id: string }) {
  const { t } = useTranslation('audit');
  const tenant = useTenant();
  const format = useFormat();
  const [wanted, setWanted] = useState(false);
  const proof = useQuery({
    queryKey: ['audit', tenant.slug, 'proof', id],
    queryFn: async ({ signal }) => {
      const given = await fetchProof(tenant.slug, id, signal);
      return { given, holds: given.sealed && (await holds(given)) };
    },
    enabled: wanted,
    // The seal comes within a second or two.
    refetchInterval: (query) => (query.state.data?.given.sealed === false ? 1500 : false),
  });
  if (!wanted) {
    return (
      <Group>
        <Button variant="default" onClick={() => setWanted(true)}>
          {t('proof.open')}
        </Button>
      </Group>
    );
  }
  const given = proof.data?.given;
  return (
    <Panel title={t('proof.title')}>
      <Stack gap="sm">
        <ErrorNote error={proof.error} />
        {proof.isPending && <Loader size="sm" aria-label={t('loading', { ns: 'shared' })} />}
        {given && !given.sealed && <Text size="sm">{t('proof.waiting')}</Text>}
        {given?.seal && (
          <>
            <Alert color={proof.data?.holds ? 'teal' : 'red'} p="xs">
              {t(proof.data?.holds ? 'proof.holds' : 'proof.broken')}
            </Alert>
            <Facts
              rows={[
                [t('proof.seal'), format.number(given.seal.number)],
                [t('proof.sealedAt'), format.exact(given.seal.at)],
                [t('proof.root'), <code key="root">{given.seal.root}</code>],
                [t('proof.leaf'), <code key="leaf">{given.leaf}</code>],
              ]}
            />
            <Json value={given} label={t('proof.title')} />
            <Group>
              <Copy value={JSON.stringify(given, null, 2)} label={t('proof.copy')} />
            </Group>
          </>
        )}
      </Stack>
    </Panel>
  );
}
