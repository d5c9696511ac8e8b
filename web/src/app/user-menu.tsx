import { Menu, useMantineColorScheme } from '@mantine/core';
import { IconCheck, IconKeyboard, IconLogout, IconUserCircle } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { chosenWorkspace } from '@/api/client';
import { useSignOut } from '@/api/session';
import type { Me } from '@/api/types';
import { chooseLanguage, languages, type Language } from '@/i18n';
import { Face } from '@/ui/parts';
import css from './shell.module.css';

const schemes = ['auto', 'light', 'dark'] as const;

export function UserMenu({ me, onHelp }: { me: Me; onHelp: () => void }) {
  const { t, i18n } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const signOut = useSignOut();
  const tick = (on: boolean) => (on ? <IconCheck size={14} aria-hidden /> : undefined);
  return (
    <Menu position="top-start" width={220} shadow="md">
      <Menu.Target>
        <button type="button" className={css.user} aria-label={t('user.menu', { name: me.user.name || me.user.email })}>
          <Face name={me.user.name || me.user.email} />
          <span className={css.who}>
            <span className="clip" style={{ display: 'block' }}>{me.user.name || me.user.email}</span>
            <small>{t(`role.${me.role}`)}</small>
          </span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {me.workspaces.length > 1 && (
          <>
            <Menu.Label>{t('user.workspace')}</Menu.Label>
            {me.workspaces.map((w) => (
              <Menu.Item key={w.id} rightSection={tick(w.id === me.workspace.id)} onClick={() => { chosenWorkspace.set(w.id); window.location.assign('/'); }}>{w.name}</Menu.Item>
            ))}
          </>
        )}
        <Menu.Label>{t('user.scheme')}</Menu.Label>
        {schemes.map((s) => (
          <Menu.Item key={s} rightSection={tick(colorScheme === s)} onClick={() => setColorScheme(s)}>{t(`scheme.${s}`)}</Menu.Item>
        ))}
        <Menu.Label>{t('user.language')}</Menu.Label>
        {(Object.keys(languages) as Language[]).map((l) => (
          <Menu.Item key={l} lang={l} rightSection={tick(i18n.language === l)} onClick={() => void chooseLanguage(l)}>{languages[l]}</Menu.Item>
        ))}
        <Menu.Divider />
        {me.user.id !== 0 && <Menu.Item component={Link} to="/profile" leftSection={<IconUserCircle size={16} aria-hidden />}>{t('profile.title')}</Menu.Item>}
        <Menu.Item leftSection={<IconKeyboard size={16} aria-hidden />} rightSection={<kbd>?</kbd>} onClick={onHelp}>{t('keys.help')}</Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => signOut.mutate()}>{t('user.sign_out')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
