import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { RevealSecret } from '@/shared/ui/reveal-secret';

/** The one time that the secret of a webhook is seen. */
export function IssuedStream({
  issued: { stream, secret },
  onDone,
}: {
  issued: Schema['IssuedStream'];
  onDone: () => void;
}) {
  const { t } = useTranslation('streams');
  return (
    <RevealSecret
      title={t('secret.title', { name: stream.name })}
      warning={t('secret.warning')}
      tabs={[{ name: t('secret.secret'), text: secret, field: true }]}
      onDone={onDone}
    />
  );
}
