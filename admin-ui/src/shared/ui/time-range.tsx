import { Button, Group, Popover, Stack, TextInput } from '@mantine/core';
import { CalendarRange } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useShortcuts } from '@/shared/lib/shortcuts';
import { useFormat } from '@/shared/lib/tenant';
import { fromClock, instant, lengthWords, onClock, presets } from '@/shared/lib/time-range';

interface Range {
  since?: string;
  until?: string;
}

/** From when until when: a preset, or two moments of the tenant's clock, as every time is shown. Opens with t. */
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
  const say = (text: string) => {
    const at = text.includes('-') ? instant(text, format.timeZone) : undefined;
    return at ? format.time(at) : last(text);
  };
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
  const { timeZone } = useFormat();
  const clock = (text = '') => {
    const at = text.includes('-') ? instant(text, timeZone) : undefined;
    return at ? onClock(at, timeZone) : '';
  };
  const [from, setFrom] = useState(clock(since));
  const [to, setTo] = useState(clock(until));
  const iso = (text: string) => (text ? fromClock(text, timeZone) : undefined);
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
          description={t('range.zone', { zone: timeZone })}
          inputWrapperOrder={['label', 'input', 'description']}
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
