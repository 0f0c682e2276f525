import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@/shared/ui/dialog';

export function SaveView({ onClose, onSave }: { onClose: () => void; onSave: (name: string) => void }) {
  const { t } = useTranslation('audit');
  const [name, setName] = useState('');
  return (
    <Dialog opened onClose={onClose} title={t('views.save')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) onSave(name.trim());
        }}
      >
        <Stack>
          <TextInput
            label={t('views.name')}
            description={t('views.nameHint')}
            maxLength={80}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
          />
          <Group justify="flex-end">
            <Button type="submit" disabled={!name.trim()}>
              {t('save', { ns: 'shared' })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
