import {
  ActionIcon,
  AppShell,
  Avatar,
  Burger,
  Kbd,
  Menu,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link, useNavigate } from '@tanstack/react-router';
import { ChevronsUpDown, Keyboard, Languages, LogIn, LogOut, Moon, Search, Sun, UserRound } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { chooseLanguage, type Language, languages } from '@/i18n';
import { paletteKey, type Shortcuts, useShortcuts } from '@/shared/lib/shortcuts';
import { type Tenant, useFormat } from '@/shared/lib/tenant';
import { later } from '@/shared/ui/later';
import { Banner } from './banner';
import { homeOf, hrefOf, navigation } from './navigation';
import { rememberTenant, signOut } from './session';
import classes from './shell.module.css';

const CommandPalette = later(() => import('./command-palette').then((m) => m.CommandPalette));
const ShortcutHelp = later(() => import('./shortcut-help').then((m) => m.ShortcutHelp));

/** The frame around each page of a tenant: header, navigation, palette, banner. */
export function Shell({ me, tenant, children }: { me: Schema['Me']; tenant: Tenant; children: ReactNode }) {
  const { t } = useTranslation('shell');
  const navigate = useNavigate();
  const [opened, burger] = useDisclosure();
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const format = useFormat();
  const groups = navigation(tenant);

  useEffect(() => rememberTenant(tenant.slug), [tenant.slug]);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === 'k' && (event.metaKey || event.ctrlKey)) {
        event.preventDefault();
        setPalette((open) => !open);
      }
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);

  const keys: Shortcuts = { '?': () => setHelp(true) };
  for (const d of groups.flatMap((g) => g.items)) {
    if (d.key) keys[`g ${d.key}`] = () => void navigate({ to: hrefOf(d, tenant) });
  }
  useShortcuts(keys);

  const toggle = () => setColorScheme(scheme === 'dark' ? 'light' : 'dark');
  const leave = async () => window.location.assign(await signOut());

  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 248, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'md', sm: 'lg' }}
      transitionDuration={0}
    >
      <a href="#main" className={classes.skip}>
        {t('skip')}
      </a>
      <AppShell.Header>
        <div className={classes.header}>
          <Burger
            opened={opened}
            onClick={burger.toggle}
            hiddenFrom="sm"
            size="sm"
            aria-label={t('menu')}
            aria-expanded={opened}
          />
          <Link to={homeOf(tenant)} className={classes.brand} aria-label={t('brand')}>
            <span>{t('brand')}</span>
          </Link>
          <Switcher me={me} tenant={tenant} />
          <div className={classes.spacer} />
          <UnstyledButton
            className={classes.search}
            onClick={() => setPalette(true)}
            aria-label={t('palette.open')}
            aria-keyshortcuts="Control+K Meta+K"
          >
            <Search size={15} aria-hidden />
            <span>{t('palette.open')}</span>
            <Kbd size="xs">{paletteKey(t('keys.ctrl'))}</Kbd>
          </UnstyledButton>
          <ActionIcon
            variant="subtle"
            color="gray"
            c="inherit"
            onClick={toggle}
            aria-label={scheme === 'dark' ? t('light') : t('dark')}
          >
            {scheme === 'dark' ? <Sun size={18} aria-hidden /> : <Moon size={18} aria-hidden />}
          </ActionIcon>
          <Menu position="bottom-end" width={230}>
            <Menu.Target>
              <UnstyledButton aria-label={t('account.menu', { name: me.name || me.email })}>
                <Avatar size={28} color="stoa" name={me.name || me.email} variant="light" />
              </UnstyledButton>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Label>{me.email}</Menu.Label>
              {tenant.member !== undefined && (
                <Menu.Item
                  leftSection={<UserRound size={15} aria-hidden />}
                  component={Link}
                  to={`/t/${tenant.slug}/account`}
                >
                  {t('account.page')}
                </Menu.Item>
              )}
              <Menu.Item leftSection={<Keyboard size={15} aria-hidden />} onClick={() => setHelp(true)}>
                {t('keys.title')}
              </Menu.Item>
              <Menu.Divider />
              {(Object.keys(languages) as Language[]).map((language) => (
                <LanguageItem key={language} language={language} />
              ))}
              <Menu.Divider />
              <Menu.Item leftSection={<LogOut size={15} aria-hidden />} onClick={leave}>
                {t('account.signOut')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </div>
      </AppShell.Header>
      <AppShell.Navbar p={10} aria-label={t('nav.label')}>
        <AppShell.Section grow style={{ overflowY: 'auto' }}>
          {groups.map((group) => (
            // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields; these are links
            <div key={group.name} role="group" aria-labelledby={`nav-${group.name}`}>
              <div className={classes.group} id={`nav-${group.name}`}>
                {t(`nav.groups.${group.name}`)}
              </div>
              {group.items.map((item) => (
                <Link
                  key={item.name}
                  to={hrefOf(item, tenant)}
                  className={classes.item}
                  activeOptions={{ includeSearch: false }}
                  activeProps={{ 'aria-current': 'page' }}
                  onClick={burger.close}
                >
                  <item.icon size={18} strokeWidth={1.75} aria-hidden />
                  {t(`nav.${item.name}`)}
                </Link>
              ))}
            </div>
          ))}
        </AppShell.Section>
        <div className={classes.foot}>{t('zone', { zone: format.timeZone })}</div>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <Banner tenant={tenant} />
        {children}
      </AppShell.Main>
      {palette && (
        <CommandPalette
          opened={palette}
          onClose={() => setPalette(false)}
          me={me}
          tenant={tenant}
          toggle={toggle}
          signOut={leave}
        />
      )}
      {help && <ShortcutHelp opened={help} onClose={() => setHelp(false)} />}
    </AppShell>
  );
}

function LanguageItem({ language }: { language: Language }) {
  const { i18n } = useTranslation();
  return (
    <Menu.Item
      lang={language}
      leftSection={<Languages size={15} aria-hidden />}
      fw={i18n.language === language ? 650 : undefined}
      aria-current={i18n.language === language}
      onClick={() => void chooseLanguage(language)}
    >
      {languages[language]}
    </Menu.Item>
  );
}

function Switcher({ me, tenant }: { me: Schema['Me']; tenant: Tenant }) {
  const { t } = useTranslation('shell');
  const navigate = useNavigate();
  const go = (slug: string, platform: boolean) => void navigate({ to: homeOf({ slug, platform }) });
  return (
    <Menu position="bottom-start" width={260}>
      <Menu.Target>
        <UnstyledButton className={classes.switcher} aria-label={t('switcher.label', { name: tenant.name })}>
          <span>{tenant.name}</span>
          <ChevronsUpDown size={13} aria-hidden style={{ flex: 'none' }} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown mah="70vh" style={{ overflowY: 'auto' }}>
        <Menu.Label>{t('switcher.signedIn')}</Menu.Label>
        {me.signIns.map((s) => (
          <Menu.Item
            key={s.tenant}
            fw={s.tenant === tenant.slug ? 650 : undefined}
            aria-current={s.tenant === tenant.slug}
            onClick={() => go(s.tenant, s.platform)}
          >
            {s.tenantName}
          </Menu.Item>
        ))}
        {me.entered.length > 0 && <Menu.Label>{t('switcher.entered')}</Menu.Label>}
        {me.entered.map((e) => (
          <Menu.Item
            key={e.tenant}
            fw={e.tenant === tenant.slug ? 650 : undefined}
            aria-current={e.tenant === tenant.slug}
            onClick={() => go(e.tenant, false)}
          >
            {e.tenantName}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<LogIn size={15} aria-hidden />} component={Link} to="/sign-in">
          {t('switcher.another')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
