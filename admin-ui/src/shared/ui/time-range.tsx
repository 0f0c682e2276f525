import { Button, Group, Popover, Stack, TextInput } from '@mantine/core';
import { CalendarRange } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useShortcuts } from '@/shared/lib/shortcuts';
import { useFormat } from '@/shared/lib/tenant';
import { lengthWords, presets } from '@/shared/lib/time-range';

interface Range {
  since?: string;
  until?: string;
}

/** From when until when: a preset, or two moments of the browser's clock. Opens with t. */
export function TimeRange({ since, until, onChange }: Range & { onChange: (range: Range) => void }) {
  const { t, i18n } = useTranslation('shared');
  const format = useFormat();
  const [opened, setOpened] = useState(false);
  useShortcuts({ t: () => setOpened(true) });
  const choose = (range: Range) => {
    onChange(range);
    setOpened(false);
  };
  const last = (text: string) => t('range.last', { length: lengthWords(text, i18n.language) });
  const say = (text: string) => (text.includes('-') ? format.time(text) : last(text));
  const label =
    until || since?.includes('-')
      ? `${since ? say(since) : '…'} – ${until ? say(until) : '…'}`
      : since
        ? say(since)
        : t('range.all');
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" trapFocus returnFocus withRoles={false}>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<CalendarRange size={16} aria-hidden />}
          onClick={() => setOpened((o) => !o)}
          aria-haspopup="dialog"
          aria-expanded={opened}
        >
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label={t('range.title')}>
        <Stack gap="sm" w={268}>
          <Group gap={6}>
            {presets.map((preset) => (
              <Button
                key={preset}
                size="compact-sm"
                variant={(since ?? '') === preset && !until ? 'filled' : 'default'}
                onClick={() => choose({ since: preset || undefined })}
              >
                {preset ? last(preset) : t('range.all')}
              </Button>
            ))}
          </Group>
          <Custom since={since} until={until} choose={choose} />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function Custom({ since, until, choose }: Range & { choose: (range: Range) => void }) {
  const { t } = useTranslation('shared');
  const [from, setFrom] = useState(local(since));
  const [to, setTo] = useState(local(until));
  const iso = (text: string) => (text ? new Date(text).toISOString() : undefined);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        choose({ since: iso(from), until: iso(to) });
      }}
    >
      <Stack gap="xs">
        <TextInput
          type="datetime-local"
          label={t('range.from')}
          value={from}
          max={to || undefined}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          label={t('range.to')}
          value={to}
          min={from || undefined}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
        <Button type="submit" disabled={!from && !to}>
          {t('range.apply')}
        </Button>
      </Stack>
    </form>
  );
}

/** An instant as a datetime-local field wants it: the browser's own clock, to the minute. */
function local(iso: string | undefined): string {
  if (!iso?.includes('-')) return '';
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
