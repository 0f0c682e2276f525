import { Button, CopyButton } from '@mantine/core';
import { Check, Copy as CopyIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';

export function Copy({ value, label, compact }: { value: string; label?: string; compact?: boolean }) {
  const { t } = useTranslation('shared');
  return (
    <CopyButton value={value} timeout={2000}>
      {({ copied, copy }) => (
        <Button
          variant="default"
          size={compact ? 'compact-sm' : 'sm'}
          flex="none"
          onClick={copy}
          leftSection={copied ? <Check size={15} aria-hidden /> : <CopyIcon size={15} aria-hidden />}
        >
          {copied ? t('copied') : (label ?? t('copy'))}
        </Button>
      )}
    </CopyButton>
  );
}
