import { Button, Group, Modal, PasswordInput, SegmentedControl, Stack, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import type { NewAccount } from '@/api/types';
import { failed, told } from '@/ui/toast';
import { useAddAccount } from './queries';

const start: Required<NewAccount> = { channel: 'facebook', id: '', token: '', base_url: '', waba_id: '', phone: '', page_id: '', name: '' };

/** Connects an account: what Meta's console shows, named as it is named there. */
export function AddAccount({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const add = useAddAccount();
  const [form, setForm] = useState(start);
  const field = (name: keyof typeof start) => ({ value: form[name], onChange: (e: { currentTarget: { value: string } }) => setForm({ ...form, [name]: e.currentTarget.value }), error: add.error instanceof ApiError ? add.error.field(name) : undefined });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    const { channel, id, token, ...rest } = form;
    const filled = Object.fromEntries(Object.entries(rest).map(([k, v]) => [k, v.trim()] as const).filter(([k, v]) => v && (channel === 'whatsapp' || !['waba_id', 'phone'].includes(k)) && (channel === 'instagram' || k !== 'page_id')));
    add.mutate({ channel, id: id.trim(), token: token.trim(), ...filled }, { onSuccess: () => { told(t('accounts.added')); onClose(); }, onError: failed });
  };
  return (
    <Modal opened onClose={onClose} title={t('accounts.add')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={submit} autoComplete="off">
        <Stack gap="sm">
          <SegmentedControl aria-label={t('accounts.channel')} value={form.channel} onChange={(channel) => setForm({ ...form, channel: channel as NewAccount['channel'] })} data={[{ value: 'facebook', label: t('accounts.kind.facebook') }, { value: 'instagram', label: 'Instagram' }, { value: 'whatsapp', label: 'WhatsApp' }]} />
          <TextInput label={t('accounts.name')} {...field('name')} />
          <TextInput label={t(`accounts.id.${form.channel}`)} inputMode="numeric" required {...field('id')} />
          <PasswordInput label={t('accounts.token')} description={t('accounts.token_text')} required autoComplete="off" visibilityToggleButtonProps={{ 'aria-label': t('session.show') }} {...field('token')} />
          {form.channel === 'whatsapp' && (
            <>
              <TextInput label={t('accounts.waba')} inputMode="numeric" required {...field('waba_id')} />
              <TextInput label={t('accounts.phone')} placeholder="+61 …" type="tel" required {...field('phone')} />
            </>
          )}
          {form.channel === 'instagram' && <TextInput label={t('accounts.page')} description={t('accounts.page_text')} inputMode="numeric" {...field('page_id')} />}
          <TextInput label={t('accounts.base_url')} description={t('accounts.base_url_text')} type="url" {...field('base_url')} />
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" loading={add.isPending}>{t('accounts.connect')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
