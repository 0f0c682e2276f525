import { Button, Checkbox, Group, Radio, Stack, Textarea, TextInput } from '@mantine/core';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { onceKey, type Schema } from '@/api/client';
import { asApiError } from '@/api/problem';
import { useTenant } from '@/shared/lib/tenant';
import { Dialog } from '@/shared/ui/dialog';
import { ErrorNote } from '@/shared/ui/empty-state';
import { type Stream, useStreamChanges } from './queries';

const kinds = ['webhook', 'syslog'] as const;

export function CreateStream({
  onClose,
  onIssued,
}: {
  onClose: () => void;
  onIssued: (issued: Schema['IssuedStream']) => void;
}) {
  const { t } = useTranslation('streams');
  const tenant = useTenant();
  const { create } = useStreamChanges(tenant.slug);
  const once = useRef(onceKey());
  const [name, setName] = useState('');
  const [kind, setKind] = useState<Stream['kind']>('webhook');
  const [url, setUrl] = useState('');
  const [authority, setAuthority] = useState('');
  const [fromStart, setFromStart] = useState(false);
  const refused = create.error ? asApiError(create.error) : undefined;
  return (
    <Dialog opened onClose={onClose} title={t('create.title')} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const body = {
            name: name.trim(),
            kind,
            url: url.trim(),
            fromStart,
            ...(authority.trim() && { authority: authority.trim() }),
          };
          create.mutate({ body, once: once.current }, { onSuccess: onIssued });
        }}
      >
        <Stack>
          <TextInput
            label={t('name')}
            required
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={refused?.violation('/name')}
            data-autofocus
          />
          <Radio.Group label={t('kind')} value={kind} onChange={(value) => setKind(value as Stream['kind'])}>
            <Stack gap={8} mt="xs">
              {kinds.map((of) => (
                <Radio key={of} value={of} label={t(`kinds.${of}`)} description={t(`create.${of}Hint`)} />
              ))}
            </Stack>
          </Radio.Group>
          <TextInput
            label={t('url')}
            description={t('create.urlHint')}
            placeholder={kind === 'webhook' ? 'https://siem.example.com/stoa' : 'syslog+tls://siem.example.com:6514'}
            required
            minLength={8}
            maxLength={2000}
            spellCheck={false}
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
            error={refused?.violation('/url')}
          />
          <Textarea
            label={t('authority')}
            description={t('create.authorityHint')}
            autosize
            minRows={1}
            maxRows={8}
            maxLength={65_536}
            spellCheck={false}
            value={authority}
            onChange={(event) => setAuthority(event.currentTarget.value)}
            error={refused?.violation('/authority')}
          />
          <Checkbox
            label={t('create.fromStart')}
            checked={fromStart}
            onChange={(event) => setFromStart(event.currentTarget.checked)}
          />
          <ErrorNote error={create.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel', { ns: 'shared' })}
            </Button>
            <Button type="submit" loading={create.isPending} disabled={!name.trim() || url.trim().length < 8}>
              {t('create.open')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
