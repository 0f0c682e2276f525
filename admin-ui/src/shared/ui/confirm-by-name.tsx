import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Trans, useTranslation } from 'react-i18next';
import { Dialog } from './dialog';
import { ErrorNote } from './empty-state';

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** What will be, and what cannot be undone. */
  children: ReactNode;
  /** What has to be typed. */
  name: string;
  action: string;
  onConfirm: () => void;
  pending: boolean;
  error: unknown;
}

/** For what cannot be undone: it happens only after its name was typed. */
export function ConfirmByName(props: Props) {
  return (
    <Dialog opened={props.opened} onClose={props.onClose} title={props.title}>
      <Confirm {...props} />
    </Dialog>
  );
}

function Confirm({ onClose, children, name, action, onConfirm, pending, error }: Props) {
  const { t } = useTranslation('shared');
  const [typed, setTyped] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (typed === name) onConfirm();
      }}
    >
      <Stack>
        <Text size="sm" component="div">
          {children}
        </Text>
        <TextInput
          label={
            <Trans t={t} i18nKey="confirm.type" values={{ name }} components={{ name: <code /> }} shouldUnescape />
          }
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
        />
        <ErrorNote error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('cancel')}
          </Button>
          <Button type="submit" color="red.8" disabled={typed !== name} loading={pending}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
