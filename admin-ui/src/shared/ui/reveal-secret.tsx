import { Alert, Button, Checkbox, Group, Stack, Tabs, TextInput } from '@mantine/core';
import { TriangleAlert } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Code } from './code';
import { Copy } from './copy';
import { Dialog } from './dialog';

export interface Shown {
  /** Name of the tab. */
  name: string;
  text: string;
  /** A short value in a field; else a block of code. */
  field?: boolean;
}

/**
 * A secret that the server gives once. The dialog stays until somebody says that it is
 * stored: Escape and a click beside it do nothing, and leaving the page asks. Whoever
 * uses it keeps the secret in the state of a component and nowhere else.
 */
export function RevealSecret({
  title,
  warning,
  tabs,
  onDone,
  next,
}: {
  title: string;
  warning: string;
  tabs: Shown[];
  onDone: () => void;
  /** What one wants to do with it, after it is stored. */
  next?: { label: string; go: () => void };
}) {
  const { t } = useTranslation('shared');
  const [stored, setStored] = useState(false);
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, []);
  return (
    <Dialog
      opened
      onClose={() => undefined}
      closeOnEscape={false}
      closeOnClickOutside={false}
      withCloseButton={false}
      title={title}
      size="lg"
    >
      <Stack>
        <Alert color="orange" icon={<TriangleAlert size={20} aria-hidden />} p="sm">
          {warning}
        </Alert>
        <Tabs defaultValue={tabs[0]?.name} keepMounted={false}>
          {tabs.length > 1 && (
            <Tabs.List mb="sm">
              {tabs.map((tab) => (
                <Tabs.Tab key={tab.name} value={tab.name}>
                  {tab.name}
                </Tabs.Tab>
              ))}
            </Tabs.List>
          )}
          {tabs.map((tab) => (
            <Tabs.Panel key={tab.name} value={tab.name}>
              {tab.field ? (
                <Group gap="xs" wrap="nowrap" align="flex-end">
                  <TextInput
                    readOnly
                    label={tab.name}
                    value={tab.text}
                    flex={1}
                    miw={0}
                    styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
                    onFocus={(event) => event.currentTarget.select()}
                    data-autofocus
                    spellCheck={false}
                  />
                  <Copy value={tab.text} />
                </Group>
              ) : (
                <Stack gap="xs">
                  <Code text={tab.text} label={tab.name} wrap />
                  <Group justify="flex-end">
                    <Copy value={tab.text} />
                  </Group>
                </Stack>
              )}
            </Tabs.Panel>
          ))}
        </Tabs>
        <Checkbox
          label={t('secret.stored')}
          checked={stored}
          onChange={(event) => setStored(event.currentTarget.checked)}
        />
        <Group justify="flex-end">
          {next && (
            <Button variant="default" disabled={!stored} onClick={next.go}>
              {next.label}
            </Button>
          )}
          <Button disabled={!stored} onClick={onDone}>
            {t('done')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
