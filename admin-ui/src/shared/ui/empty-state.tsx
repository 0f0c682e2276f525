import { Button, Stack, Text } from '@mantine/core';
import { CircleAlert, FilterX, Inbox, Lock, type LucideIcon, Search } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { type ApiError, asApiError } from '@/api/problem';

function State({
  icon: Icon,
  title,
  text,
  children,
  alert,
  heading = 'h2',
}: {
  icon: LucideIcon;
  title: string;
  text?: ReactNode;
  children?: ReactNode;
  alert?: boolean;
  heading?: 'h1' | 'h2';
}) {
  return (
    <Stack align="center" gap={8} py={56} px="md" ta="center" role={alert ? 'alert' : undefined}>
      <Icon size={30} strokeWidth={1.5} aria-hidden color="var(--mantine-color-dimmed)" />
      <Text component={heading} fw={650} fz="md" m={0}>
        {title}
      </Text>
      {text && (
        <Text size="sm" c="dimmed" maw={480} style={{ textWrap: 'balance' }}>
          {text}
        </Text>
      )}
      {children && <div style={{ marginTop: 8 }}>{children}</div>}
    </Stack>
  );
}

/** There has never been anything: says how the first one comes to be. */
export function NeverState({ title, text, children }: { title: string; text: ReactNode; children?: ReactNode }) {
  return (
    <State icon={Inbox} title={title} text={text}>
      {children}
    </State>
  );
}

/** There is something, but the filters leave nothing of it. */
export function FilteredState({ clear }: { clear: () => void }) {
  const { t } = useTranslation('shared');
  return (
    <State icon={FilterX} title={t('empty.filtered')} text={t('empty.filteredText')}>
      <Button variant="default" onClick={clear}>
        {t('empty.clear')}
      </Button>
    </State>
  );
}

/** Nothing so far: one request looks through so much, and no more. */
export function SoFarState({ to, on, pending }: { to: string | undefined; on: () => void; pending: boolean }) {
  const { t } = useTranslation('shared');
  return (
    <State icon={Search} title={t('empty.soFar')} text={to ? t('empty.soFarTo', { to }) : t('empty.soFarText')}>
      <Button onClick={on} loading={pending}>
        {t('table.on')}
      </Button>
    </State>
  );
}

export function ForbiddenState({ needs, page }: { needs: string; page?: boolean }) {
  const { t } = useTranslation('shared');
  return (
    <State
      icon={Lock}
      heading={page ? 'h1' : 'h2'}
      title={t('empty.forbidden')}
      text={t('empty.forbiddenText', { needs })}
    />
  );
}

/** What to do about a refusal: the server's own words, then ours by its code. */
export function advice(error: ApiError, t: (key: string, values?: Record<string, unknown>) => string): string {
  if (error.code === 'rate_limited') return t('errors.rate_limited', { seconds: error.retryAfter ?? 60 });
  const known = [
    'forbidden',
    'not_entered',
    'not_found',
    'conflict',
    'precondition_failed',
    'unavailable',
    'unreachable',
    'invalid',
    'unauthenticated',
  ];
  return t(`errors.${known.includes(error.code) ? error.code : 'internal'}`);
}

/** `page`: it stands in the place of the whole page, whose heading it is. */
export function ErrorState({ error, retry, page }: { error: unknown; retry: () => void; page?: boolean }) {
  const { t } = useTranslation('shared');
  const problem = asApiError(error);
  const say = t as unknown as Parameters<typeof advice>[1];
  return (
    <State
      alert
      heading={page ? 'h1' : 'h2'}
      icon={CircleAlert}
      title={t('errors.title')}
      text={<ErrorWords error={problem} say={say} />}
    >
      <Button variant="default" onClick={retry}>
        {t('errors.retry')}
      </Button>
    </State>
  );
}

/** The server's words begin in lower case and end without a full stop. */
const asSentence = (words: string) => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

function ErrorWords({ error, say }: { error: ApiError; say: Parameters<typeof advice>[1] }) {
  return (
    <>
      {error.code !== 'unreachable' && <>{asSentence(error.message)} </>}
      {advice(error, say)}
      {error.requestId && (
        <>
          <br />
          {say('errors.requestId')} <code>{error.requestId}</code>
        </>
      )}
      {error.violations.map((v) => (
        <span key={`${v.path} ${v.rule}`}>
          <br />
          <code>{v.path || '/'}</code> {v.rule}
        </span>
      ))}
    </>
  );
}

/** A refusal inside of a form or dialog. */
export function ErrorNote({ error }: { error: unknown }) {
  const { t } = useTranslation('shared');
  if (!error) return null;
  const problem = asApiError(error);
  return (
    <Text size="sm" c="var(--mantine-color-error)" role="alert">
      <ErrorWords error={problem} say={t as unknown as Parameters<typeof advice>[1]} />
    </Text>
  );
}
