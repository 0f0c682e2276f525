import { Button, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { later } from '@/shared/ui/later';
import { safeReturn, signInUrl } from './session';

const Refused = later(() => import('./refused').then((m) => m.Refused));

/** Turns what somebody typed into who shall sign them in: an address, or a tenant's short name; undefined is neither. */
export function readWho(text: string): { tenant: string } | { email: string } | undefined {
  const who = text.trim();
  if (/^[^\s@]+@[^\s@]+$/.test(who)) return { email: who };
  const slug = who.toLowerCase();
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(slug) ? { tenant: slug } : undefined;
}

export function SignInPage({
  returnTo,
  error,
  request,
  tenant,
  go = (url) => window.location.assign(url),
}: {
  returnTo?: string;
  error?: string;
  /** Id of the request that was refused. */
  request?: string;
  tenant?: string;
  go?: (url: string) => void;
}) {
  const { t } = useTranslation('shell');
  const [text, setText] = useState(tenant ?? '');
  const [wrong, setWrong] = useState(false);
  return (
    <Stack component="main" mih="100vh" align="center" justify="center" p="md">
      <Paper withBorder p="xl" radius="md" w="100%" maw={420} bg="var(--stoa-panel)">
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            const who = readWho(text);
            setWrong(!who);
            if (who) go(signInUrl(who, safeReturn(returnTo)));
          }}
        >
          <Stack>
            <div>
              <Title order={1}>{t('signIn.title')}</Title>
              <Text size="sm" c="dimmed" mt={4}>
                {t('signIn.text')}
              </Text>
            </div>
            {error && <Refused error={error} request={request} />}
            <TextInput
              label={t('signIn.who')}
              description={t('signIn.whoHint')}
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              data-autofocus
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              error={wrong && t('signIn.wrong')}
            />
            <Button type="submit">{t('signIn.go')}</Button>
          </Stack>
        </form>
      </Paper>
    </Stack>
  );
}
