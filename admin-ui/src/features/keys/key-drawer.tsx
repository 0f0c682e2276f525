import { Button, Group, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { bare, useMemberNames } from '@/shared/lib/member-names';
import { useCan, useFormat, useTenant } from '@/shared/lib/tenant';
import { DetailDrawer } from '@/shared/ui/detail-drawer';
import { ButtonLink } from '@/shared/ui/links';
import { Facts, Panel } from '@/shared/ui/page-header';
import { KeyStatus } from './key-status';
import { LastDay } from './last-day';
import type { Key } from './queries';

interface Props {
  of: Key | undefined;
  now: number;
  onClose: () => void;
  rotate: (key: Key) => void;
  revoke: (key: Key) => void;
}

export function KeyDrawer({ of, now, onClose, rotate, revoke }: Props) {
  const { t } = useTranslation('keys');
  const tenant = useTenant();
  const can = useCan();
  const format = useFormat();
  const creators = useMemberNames(of?.createdBy.startsWith('member:') ? [of.createdBy] : []);
  const at = (iso: string | undefined) => iso && `${format.time(iso)} (${format.ago(iso, now)})`;
  return (
    <DetailDrawer opened={of !== undefined} onClose={onClose} title={of?.name}>
      {of && (
        <Stack>
          <Facts
            rows={[
              [t('status'), <KeyStatus key="status" of={of} now={now} />],
              [t('user'), <code key="user">{of.user}</code>],
              [t('store'), of.store],
              [t('scopes'), format.list(of.scopes)],
              [t('networks'), of.networks.length > 0 ? format.list(of.networks) : t('everywhere')],
              [t('created'), at(of.createdAt)],
              [
                t('createdBy'),
                of.createdBy && (creators.get(bare(of.createdBy)) ?? <code key="by">{of.createdBy}</code>),
              ],
              [t('expires'), at(of.expiresAt)],
              [t('revoked'), at(of.revokedAt)],
              [t('lastUsed'), at(of.lastUsedAt) ?? t('never')],
            ]}
          />
          {of.secrets.length > 0 && (
            <Panel title={t('secrets')}>
              <Stack gap="md">
                {of.secrets.map((secret, i) => (
                  <Facts
                    key={secret.createdAt}
                    rows={[
                      [i === 0 ? t('secretNew') : t('secretOld'), at(secret.createdAt)],
                      [t('secretEnds'), at(secret.expiresAt)],
                      [t('lastUsed'), at(secret.lastUsedAt) ?? t('never')],
                    ]}
                  />
                ))}
              </Stack>
            </Panel>
          )}
          <Panel title={t('day.title')}>
            <LastDay user={of.user} />
          </Panel>
          <Group>
            {can('keys.manage', of.store) && of.status !== 'revoked' && (
              <>
                <Button onClick={() => rotate(of)}>{t('rotate.open')}</Button>
                <Button variant="outline" color="red" c="var(--mantine-color-error)" onClick={() => revoke(of)}>
                  {t('revoke.open')}
                </Button>
              </>
            )}
            {can('audit.view') && (
              <ButtonLink
                variant="default"
                to="/t/$tenant/audit"
                params={{ tenant: tenant.slug }}
                search={{ target: of.user }}
              >
                {t('audit')}
              </ButtonLink>
            )}
          </Group>
        </Stack>
      )}
    </DetailDrawer>
  );
}
