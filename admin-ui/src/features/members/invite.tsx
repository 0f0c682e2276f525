import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { onceKey } from '@/api/client';
import { asApiError } from '@/api/problem';
import { notify } from '@/shared/lib/notify';
import { useTenant } from '@/shared/lib/tenant';
import { Dialog } from '@/shared/ui/dialog';
import { ErrorNote } from '@/shared/ui/empty-state';
import { asGrant, GrantFields, noChoice } from './grant-fields';
import { useMemberChanges } from './queries';

export function Invite({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('members');
  const tenant = useTenant();
  const { invite } = useMemberChanges(tenant.slug);
  const once = useRef(onceKey());
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [grant, setGrant] = useState(noChoice);
  const refused = invite.error ? asApiError(invite.error) : undefined;
  return (
    <Dialog opened onClose={onClose} title={t('invite.title')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          invite.mutate(
            {
              once: once.current,
              body: {
                email: email.trim(),
                days: 14,
                ...(name.trim() && { name: name.trim() }),
                grants: grant.role ? [asGrant(grant, tenant.timeZone)] : [],
              },
            },
            {
              onSuccess: (member) => {
                void notify(t('invite.done', { email: member.email }));
                onClose();
              },
            },
          );
        }}
      >
        <Stack>
          <Text size="sm">{t('invite.text')}</Text>
          <TextInput
            type="email"
            label={t('email')}
            required
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            data-autofocus
            error={refused?.violation('/email')}
          />
          <TextInput
            label={t('name')}
            value={name}
            maxLength={200}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <GrantFields value={grant} onChange={setGrant} optional />
          <ErrorNote error={invite.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel', { ns: 'shared' })}
            </Button>
            <Button type="submit" loading={invite.isPending}>
              {t('invite.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
