import { Alert } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** Why a sign-in was refused, as the server says it in the address; its list is in internal/httpapi/console_auth_refused.go. */
const codes = [
  'unknown_organisation',
  'expired',
  'provider_refused',
  'provider_answer',
  'provider_unavailable',
  'not_permitted',
  'suspended',
  'throttled',
  'recovery_link',
  'invalid_request',
  'unavailable',
  'internal',
] as const;

/** The code's own words, or the general ones: an address is not to put words into this page. */
export const reasonOf = (error: string): (typeof codes)[number] => codes.find((code) => code === error) ?? 'internal';

/** What stands above the field after a refusal, and what to do about it. */
export function Refused({ error, request }: { error: string; request?: string }) {
  const { t } = useTranslation('refused');
  return (
    <Alert color="red" title={t('title')}>
      {t(reasonOf(error))}
      {/* Ids of requests alone, for the same reason. */}
      {request && /^[\w-]{1,64}$/.test(request) && (
        <>
          <br />
          {t('request')} <code style={{ overflowWrap: 'anywhere' }}>{request}</code>
        </>
      )}
    </Alert>
  );
}
