import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { RevealSecret, type Shown } from '@/shared/ui/reveal-secret';
import { basicHeader, curl, writes } from './secret';

/** The one time that the secret of a key is seen; onWatch leads to where the first statement of the key arrives. */
export function IssuedKey({
  issued: { key, secret },
  onDone,
  onWatch,
}: {
  issued: Schema['IssuedKey'];
  onDone: () => void;
  onWatch?: () => void;
}) {
  const { t } = useTranslation('keys');
  const tabs: Shown[] = [
    { name: t('secret.secret'), text: secret, field: true },
    { name: t('secret.user'), text: key.user, field: true },
    { name: t('secret.header'), text: basicHeader(key.user, secret) },
  ];
  if (writes(key.scopes)) tabs.push({ name: t('secret.curl'), text: curl(window.location.origin, key.user, secret) });
  return (
    <RevealSecret
      title={t('secret.title', { name: key.name })}
      warning={t('secret.warning')}
      tabs={tabs}
      onDone={onDone}
      next={onWatch && writes(key.scopes) ? { label: t('secret.watch'), go: onWatch } : undefined}
    />
  );
}
