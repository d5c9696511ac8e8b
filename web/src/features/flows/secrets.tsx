import { ActionIcon, Button, Group, Modal, PasswordInput, Stack, TagsInput, TextInput } from '@mantine/core';
import { IconKey, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { useCan } from '@/api/session';
import type { FlowSecret } from '@/api/types';
import { useConfirm } from '@/ui/confirm';
import { Ago, Table } from '@/ui/parts';
import { Empty, Failure, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { useRemoveSecret, useSecrets, useSetSecret } from './queries';
import css from './runs.module.css';

/** Secrets that calls of flows are signed with: their names and where such calls may go, never a value. */
export function Secrets() {
  const { t } = useTranslation();
  const may = useCan('configure');
  const list = useSecrets(may);
  const remove = useRemoveSecret();
  const [form, setForm] = useState<FlowSecret | 'new'>();
  const [ask, dialog] = useConfirm();
  if (!may) return <Failure error={new ApiError(403, {})} />;
  return (
    <>
      {dialog}
      <div className={css.bar}><p>{t('flow_secrets.lead')}</p><Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setForm('new')}>{t('flow_secrets.add')}</Button></div>
      <Loaded query={list} rows={2}>
        {({ items }) => items.length === 0 ? <div className="panel"><Empty title={t('flow_secrets.none')} icon={<IconKey size={26} stroke={1.4} aria-hidden />}>{t('flow_secrets.none_text')}</Empty></div> : (
          <Table label={t('flow_secrets.title')} head={[t('team.name'), t('flow_secrets.hosts'), t('flow_secrets.changed'), t('team.last_used'), '']}>
            {items.map((s) => (
              <tr key={s.name}>
                <td><code>{s.name}</code></td>
                <td>{s.hosts.join(', ')}</td>
                <td><Ago at={s.updated_at} /></td>
                <td>{s.used_at ? <Ago at={s.used_at} /> : t('team.never')}</td>
                <td style={{ textAlign: 'end', whiteSpace: 'nowrap' }}>
                  <ActionIcon variant="subtle" color="gray" aria-label={t('team.edit_named', { name: s.name })} onClick={() => setForm(s)}><IconPencil size={16} aria-hidden /></ActionIcon>
                  <ActionIcon variant="subtle" color="red" aria-label={t('act.remove_named', { name: s.name })} onClick={() => ask({ text: t('flow_secrets.sure', { name: s.name }), verb: t('act.remove'), run: () => remove.mutate(s.name, { onError: failed }) })}><IconTrash size={16} aria-hidden /></ActionIcon>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
      {form && <Edit s={form === 'new' ? undefined : form} onClose={() => setForm(undefined)} />}
    </>
  );
}

function Edit({ s, onClose }: { s?: FlowSecret | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const set = useSetSecret();
  const [form, setForm] = useState({ name: s?.name ?? '', value: '', hosts: s?.hosts ?? [] });
  const error = (name: string) => (set.error instanceof ApiError ? set.error.field(name) : undefined);
  const submit = () => set.mutate({ name: form.name.trim(), hosts: form.hosts, ...(form.value ? { value: form.value } : {}) }, { onSuccess: () => { told(t('act.saved')); onClose(); }, onError: failed });
  return (
    <Modal opened onClose={onClose} title={s ? s.name : t('flow_secrets.add')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form autoComplete="off" onSubmit={(e) => { e.preventDefault(); submit(); }}>
        <Stack gap="sm">
          {!s && <TextInput label={t('team.name')} description={t('flow_secrets.name_text')} required maxLength={64} data-autofocus value={form.name} error={error('name')} onChange={(e) => setForm({ ...form, name: e.currentTarget.value })} />}
          <PasswordInput label={t('flow_secrets.value')} description={t(s ? 'flow_secrets.value_kept' : 'flow_secrets.value_text')} required={!s} maxLength={1000} autoComplete="new-password" visibilityToggleButtonProps={{ 'aria-label': t('session.show') }} value={form.value} error={error('value')} onChange={(e) => setForm({ ...form, value: e.currentTarget.value })} />
          <TagsInput label={t('flow_secrets.hosts')} description={t('flow_secrets.hosts_text')} placeholder="api.example.com" value={form.hosts} error={error('hosts') ?? error('hosts[0]')} onChange={(hosts) => setForm({ ...form, hosts })} />
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" loading={set.isPending} disabled={!form.name.trim() || (!s && !form.value)}>{t('act.save')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
