import { Button, Group, PasswordInput, Select, Stack, TextInput } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { useMe } from '@/api/session';
import { chooseLanguage, languages, type Language } from '@/i18n';
import { deviceName } from '@/ui/format';
import { useNamed } from '@/ui/named';
import { Ago, PageBody, PageHead, Table, Tag } from '@/ui/parts';
import { Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { VeilSwitch } from '@/ui/veil';
import { Factor } from './factor';
import { useChangePassword, useEndSession, useSessions, useSetProfile } from './queries';

/** What belongs to a person rather than to a workspace: name, language, password, second factor, sessions. */
export default function Profile() {
  const { t } = useTranslation();
  return (
    <PageBody>
      <PageHead title={t('profile.title')}>{t('profile.lead')}</PageHead>
      <Part title={t('profile.you')}><You /></Part>
      <Part title={t('session.password')}><Password /></Part>
      <Part title={t('profile.factor')} text={t('profile.factor_text')}><Factor /></Part>
      <Part title={t('profile.veil')} text={t('profile.veil_text')}><VeilSwitch /></Part>
      <Part title={t('profile.sessions')} text={t('profile.sessions_text')}><Sessions /></Part>
    </PageBody>
  );
}

function Part({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  return (
    <section className="panel" style={{ padding: '18px 20px', marginTop: 16 }}>
      <h2 style={{ margin: 0 }}>{title}</h2>
      {text && <p style={{ margin: '2px 0 0', color: 'var(--mantine-color-dimmed)' }}>{text}</p>}
      <div style={{ marginTop: 12 }}>{children}</div>
    </section>
  );
}

function You() {
  const { t, i18n } = useTranslation();
  const user = useMe().data?.user;
  const save = useSetProfile();
  const [name, setName] = useState(user?.name ?? '');
  const [locale, setLocale] = useState((user?.locale || i18n.language) as Language);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate({ name, locale }, { onSuccess: () => { void chooseLanguage(locale); told(t('act.saved')); }, onError: failed });
  };
  return (
    <form onSubmit={submit}>
      <Group align="end" gap="sm">
        <TextInput label={t('team.name')} autoComplete="name" value={name} onChange={(e) => setName(e.currentTarget.value)} style={{ flex: '1 1 200px' }} />
        <TextInput label={t('session.email')} value={user?.email ?? ''} readOnly style={{ flex: '1 1 200px' }} />
        <Select label={t('user.language')} value={locale} allowDeselect={false} onChange={(v) => setLocale((v ?? 'en') as Language)} data={(Object.keys(languages) as Language[]).map((l) => ({ value: l, label: languages[l] }))} style={{ flex: '0 1 160px' }} />
        <Button type="submit" loading={save.isPending}>{t('act.save')}</Button>
      </Group>
    </form>
  );
}

function Password() {
  const { t } = useTranslation();
  const named = useNamed();
  const change = useChangePassword();
  const [form, setForm] = useState({ old: '', password: '' });
  const error = (field: string) => (change.error instanceof ApiError ? change.error.field(field) : undefined);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    change.mutate(form, { onSuccess: () => { setForm({ old: '', password: '' }); told(t('profile.password_changed')); }, onError: (err) => { if (!(err instanceof ApiError && (err.field('old') || err.field('password')))) failed(err); } });
  };
  const toggle = (field: string) => ({ visibilityToggleButtonProps: named(t('session.show'), field) });
  return (
    <form onSubmit={submit}>
      <Group align="start" gap="sm">
        <PasswordInput label={t('profile.old_password')} autoComplete="current-password" required value={form.old} error={error('old') ? t('profile.wrong_password') : undefined} onChange={(e) => setForm({ ...form, old: e.currentTarget.value })} style={{ flex: '1 1 200px' }} {...toggle(t('profile.old_password'))} />
        <PasswordInput label={t('session.new_password')} autoComplete="new-password" required minLength={10} value={form.password} error={error('password')} onChange={(e) => setForm({ ...form, password: e.currentTarget.value })} style={{ flex: '1 1 200px' }} {...toggle(t('session.new_password'))} />
        <Button type="submit" loading={change.isPending} mt={21}>{t('profile.change_password')}</Button>
      </Group>
    </form>
  );
}

function Sessions() {
  const { t } = useTranslation();
  const end = useEndSession();
  return (
    <Loaded query={useSessions()} rows={1}>
      {({ items }) => (
        <Stack gap={0}>
          <Table label={t('profile.sessions')} head={[t('team.device'), t('team.address'), t('team.seen'), '']}>
            {items.map((s) => (
              <tr key={s.id}>
                <td>{deviceName(s.agent) || '–'} {s.current && <Tag tone="accent">{t('team.this_session')}</Tag>}</td>
                <td>{s.address}</td>
                <td><Ago at={s.last_seen_at || s.created_at} /></td>
                <td style={{ textAlign: 'end' }}>{!s.current && <Button variant="subtle" color="red" size="compact-sm" aria-label={t('profile.end_session', { device: deviceName(s.agent) || '–' })} onClick={() => end.mutate(s.id, { onError: failed })}>{t('team.end')}</Button>}</td>
              </tr>
            ))}
          </Table>
        </Stack>
      )}
    </Loaded>
  );
}
