import { Alert, Button, CopyButton, Group, Modal, PasswordInput, Select, Stack, TextInput } from '@mantine/core';
import { useEffect, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { useMe } from '@/api/session';
import type { Member, Role } from '@/api/types';
import { failed, problemText, told } from '@/ui/toast';
import { useAddMember, useAddToken, usePasswordLink } from './queries';
import { roles } from './roles';

function RoleSelect({ value, onChange }: { value: Role; onChange: (role: Role) => void }) {
  const { t } = useTranslation();
  const owner = useMe().data?.role === 'owner';
  return <Select label={t('team.role')} description={t(`role_text.${value}`)} value={value} onChange={(v) => onChange((v ?? 'agent') as Role)} data={roles.filter((r) => r !== 'owner' || owner).map((r) => ({ value: r, label: t(`role.${r}`) }))} />;
}

export function AddMember({ onClose }: { onClose: (invited?: Member) => void }) {
  const { t } = useTranslation();
  const add = useAddMember();
  const [form, setForm] = useState({ email: '', name: '', role: 'agent' as Role, password: '' });
  const error = (name: string) => (add.error instanceof ApiError ? add.error.field(name) : undefined);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    const { password, ...rest } = form;
    add.mutate({ ...rest, ...(password ? { password } : {}) }, { onSuccess: (m) => { told(t('team.added')); onClose(password ? undefined : m); }, onError: failed });
  };
  return (
    <Modal opened onClose={() => onClose()} title={t('team.add')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput label={t('team.name')} required value={form.name} error={error('name')} onChange={(e) => setForm({ ...form, name: e.currentTarget.value })} />
          <TextInput label={t('session.email')} type="email" required value={form.email} error={error('email')} onChange={(e) => setForm({ ...form, email: e.currentTarget.value })} />
          <RoleSelect value={form.role} onChange={(role) => setForm({ ...form, role })} />
          <PasswordInput label={t('team.password')} description={t('team.password_text')} autoComplete="new-password" visibilityToggleButtonProps={{ 'aria-label': t('session.show') }} value={form.password} error={error('password')} onChange={(e) => setForm({ ...form, password: e.currentTarget.value })} />
          <Group justify="flex-end"><Button variant="default" onClick={() => onClose()}>{t('act.cancel')}</Button><Button type="submit" loading={add.isPending}>{t('team.add')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** A link with which a member sets a password; whoever makes it passes it on themselves. */
export function Link({ member, onClose }: { member: Member; onClose: () => void }) {
  const { t } = useTranslation();
  const { mutate, data, error } = usePasswordLink();
  useEffect(() => mutate(member.user_id), [mutate, member.user_id]);
  return (
    <Modal opened onClose={onClose} title={t('team.link_title')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <Stack gap="sm">
        {error ? <Alert color="red" role="alert" p="sm">{problemText(error)}</Alert> : <p style={{ margin: 0 }}>{t('team.link_text', { name: member.name || member.email })}</p>}
        {data && (
          <>
            <TextInput readOnly aria-label={t('team.make_link')} value={data.address} ff="monospace" onFocus={(e) => e.currentTarget.select()} />
            <Group justify="flex-end"><CopyButton value={data.address}>{({ copied, copy }) => <Button onClick={copy}>{t(copied ? 'act.copied' : 'act.copy')}</Button>}</CopyButton></Group>
          </>
        )}
      </Stack>
    </Modal>
  );
}

/** The token is shown once; afterwards only its hash exists. */
export function AddToken({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const add = useAddToken();
  const [form, setForm] = useState({ name: '', role: 'agent' as Role });
  const submit = (e: FormEvent) => { e.preventDefault(); add.mutate(form, { onError: failed }); };
  const token = add.data?.token;
  return (
    <Modal opened onClose={onClose} title={t('team.add_token')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      {token ? (
        <Stack gap="sm">
          <Alert color="yellow" p="sm">{t('team.once')}</Alert>
          <TextInput readOnly aria-label={t('team.token')} value={token} ff="monospace" onFocus={(e) => e.currentTarget.select()} />
          <Group justify="flex-end"><CopyButton value={token}>{({ copied, copy }) => <Button onClick={copy}>{t(copied ? 'act.copied' : 'act.copy')}</Button>}</CopyButton></Group>
        </Stack>
      ) : (
        <form onSubmit={submit}>
          <Stack gap="sm">
            <TextInput label={t('team.name')} description={t('team.token_name')} required value={form.name} onChange={(e) => setForm({ ...form, name: e.currentTarget.value })} />
            <RoleSelect value={form.role} onChange={(role) => setForm({ ...form, role })} />
            <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" loading={add.isPending}>{t('team.make_token')}</Button></Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
