import { Group, Kbd, Modal, Stack, Switch, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { paletteKey, singleKeys } from '@/shared/lib/shortcuts';

const rows = [
  ['query', ['/']],
  ['range', ['t']],
  ['home', ['g', 'd']],
  ['statements', ['g', 's']],
  ['keys', ['g', 'k']],
  ['audit', ['g', 'a']],
  ['rows', ['j', 'k']],
  ['open', ['Enter']],
  ['close', ['Esc']],
  ['help', ['?']],
] as const;

export function ShortcutHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('shell');
  const palette = paletteKey(t('keys.ctrl'));
  const [single, setSingle] = useState(singleKeys.enabled);
  return (
    <Modal opened={opened} onClose={onClose} title={t('keys.title')} closeButtonProps={{ 'aria-label': t('close') }}>
      <Stack gap={8}>
        {[['palette', [palette]] as const, ...rows].map(([name, keys]) => (
          <Group key={name} justify="space-between" wrap="nowrap">
            <Text size="sm">{t(`keys.${name}`)}</Text>
            <Group gap={4} wrap="nowrap">
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </Group>
          </Group>
        ))}
        <Switch
          mt="sm"
          label={t('keys.single', { palette })}
          checked={single}
          onChange={(event) => {
            singleKeys.set(event.currentTarget.checked);
            setSingle(event.currentTarget.checked);
          }}
        />
      </Stack>
    </Modal>
  );
}
