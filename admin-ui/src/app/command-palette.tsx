import { Modal, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { Search } from 'lucide-react';
import { useId, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { chooseLanguage, type Language, languages } from '@/i18n';
import { permitsSomewhere } from '@/shared/lib/permissions';
import type { Tenant } from '@/shared/lib/tenant';
import { homeOf, hrefOf, navigation } from './navigation';
import classes from './shell.module.css';

export interface Command {
  id: string;
  label: string;
  hint?: string;
  run: () => void;
}

interface Props {
  opened: boolean;
  onClose: () => void;
  me: Schema['Me'];
  tenant: Tenant;
  toggle: () => void;
  signOut: () => void;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Commands whose words contain every word of the text, those that begin with it first. */
export function rank(commands: Command[], text: string): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = commands.filter((c) => words.every((w) => c.label.toLowerCase().includes(w)));
  const first = words[0] ?? '';
  return fits.sort(
    (a, b) => Number(b.label.toLowerCase().startsWith(first)) - Number(a.label.toLowerCase().startsWith(first)),
  );
}

export function CommandPalette(props: Props) {
  const { t } = useTranslation('shell');
  return (
    <Modal.Root
      opened={props.opened}
      onClose={props.onClose}
      size={600}
      yOffset="9vh"
      transitionProps={{ duration: 0 }}
    >
      <Modal.Overlay />
      <Modal.Content aria-label={t('palette.label')} radius="md">
        <Modal.Body p={0}>
          <Palette {...props} />
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

function Palette({ onClose, me, tenant, toggle, signOut }: Props) {
  const { t } = useTranslation('shell');
  const navigate = useNavigate();
  const list = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);

  const commands = useMemo<Command[]>(() => {
    const params = { tenant: tenant.slug };
    const all: Command[] = navigation(tenant)
      .flatMap((g) => g.items)
      .map((d) => ({
        id: d.name,
        label: t(`nav.${d.name}`),
        hint: d.key && `g ${d.key}`,
        run: () => void navigate({ to: hrefOf(d, tenant) }),
      }));
    const may = (action: Parameters<typeof permitsSomewhere>[1]) => permitsSomewhere(tenant.permissions, action);
    if (may('keys.manage'))
      all.push({
        id: 'new-key',
        label: t('palette.createKey'),
        run: () => void navigate({ to: '/t/$tenant/keys', params, search: { create: true } }),
      });
    if (may('members.manage'))
      all.push({
        id: 'invite',
        label: t('palette.invite'),
        run: () => void navigate({ to: '/t/$tenant/members', params, search: { invite: true } }),
      });
    if (may('members.view'))
      all.push({
        id: 'review',
        label: t('palette.review'),
        run: () => void navigate({ to: '/t/$tenant/members', params, search: { tab: 'review' } }),
      });
    if (tenant.member)
      all.push({
        id: 'account',
        label: t('account.page'),
        run: () => void navigate({ to: '/t/$tenant/account', params }),
      });
    for (const s of me.signIns) {
      if (s.tenant === tenant.slug) continue;
      all.push({
        id: `tenant ${s.tenant}`,
        label: t('palette.tenant', { name: s.tenantName }),
        run: () => void navigate({ to: homeOf({ slug: s.tenant, platform: s.platform }) }),
      });
    }
    all.push({ id: 'scheme', label: t('palette.scheme'), run: toggle });
    for (const language of Object.keys(languages) as Language[]) {
      all.push({
        id: `language ${language}`,
        label: t('palette.language', { name: languages[language] }),
        run: () => void chooseLanguage(language),
      });
    }
    all.push({ id: 'sign-out', label: t('account.signOut'), run: signOut });
    return all;
  }, [t, navigate, tenant, me, toggle, signOut]);

  const shown = useMemo(() => {
    const wanted = text.trim();
    if (uuid.test(wanted) && permitsSomewhere(tenant.permissions, 'statements.view')) {
      const run = () =>
        void navigate({
          to: '/t/$tenant/statements',
          params: { tenant: tenant.slug },
          search: { id: wanted.toLowerCase() },
        });
      return [{ id: 'statement', label: t('palette.statement', { id: wanted }), run }];
    }
    return rank(commands, wanted);
  }, [commands, text, tenant, navigate, t]);
  const selected = Math.min(at, shown.length - 1);

  const choose = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    command.run();
  };

  return (
    <div>
      <TextInput
        data-autofocus
        aria-label={t('palette.label')}
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={shown[selected] && `${list}-${selected}`}
        aria-autocomplete="list"
        placeholder={t('palette.placeholder')}
        leftSection={<Search size={17} aria-hidden />}
        variant="unstyled"
        size="lg"
        px={6}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          if (step !== undefined) {
            event.preventDefault();
            setAt((selected + step + shown.length) % Math.max(1, shown.length));
          } else if (event.key === 'Enter') {
            event.preventDefault();
            choose(shown[selected]);
          }
        }}
      />
      <div
        className={classes.options}
        role="listbox"
        id={list}
        aria-label={t('palette.label')}
        style={{ borderTop: '1px solid var(--stoa-line)' }}
      >
        {shown.map((command, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the focus and the keys
          <div
            key={command.id}
            id={`${list}-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === selected}
            className={classes.option}
            onMouseMove={() => setAt(i)}
            onClick={() => choose(command)}
          >
            {command.label}
            {command.hint && <span className={classes.hint}>{command.hint}</span>}
          </div>
        ))}
        {shown.length === 0 && <div className={classes.option}>{t('palette.nothing')}</div>}
      </div>
    </div>
  );
}
