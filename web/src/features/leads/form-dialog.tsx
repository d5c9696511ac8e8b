import { Autocomplete, Button, Group, Modal, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { useAccounts } from '@/api/overview';
import { useMe } from '@/api/session';
import type { LeadForm, LeadFormInput } from '@/api/types';
import { codeText } from '@/i18n';
import { languageName } from '@/ui/format';
import { served } from '@/ui/served';
import { failed, told } from '@/ui/toast';
import { useSaveForm, useTemplateNames } from './queries';

/** What the box of a form means: its words become a wording, so that a tick is a consent to exactly these. */
export function FormDialog({ form, onClose }: { form: Partial<LeadForm>; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const numbers = (useAccounts().data?.items ?? []).filter((a) => a.channel === 'whatsapp');
  const templates = [...new Set((useTemplateNames().data?.items ?? []).map((x) => x.name))];
  const brand = useMe().data?.workspace.brand ?? '';
  const save = useSaveForm();
  const [f, setF] = useState<LeadFormInput>({ form_id: form.form_id ?? '', name: form.name ?? '', account_id: form.account_id || 0, box_key: form.box_key || form.boxes?.[0] || '', wording: form.wording ?? '', language: form.language || i18n.language, purpose: form.purpose ?? 'service', template: form.template ?? '', label: form.label ?? '' });
  const account = f.account_id || numbers[0]?.id || 0;
  const set = (next: Partial<LeadFormInput>) => setF({ ...f, ...next });
  const wrong = (field: string) => (save.error instanceof ApiError ? save.error.field(field) : undefined);
  const submit = () => save.mutate({ ...f, account_id: account }, { onSuccess: (saved) => { told(saved.unready ? t(`leads.unready.${saved.unready}`, { name: saved.template }) : t('act.saved')); onClose(); }, onError: (e) => { if (!(e instanceof ApiError) || e.status !== 422) failed(e); } });
  return (
    <Modal opened onClose={onClose} size="lg" title={form.form_id ? t('leads.tell_of', { name: form.name || form.form_id }) : t('leads.tell')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(e) => { e.preventDefault(); submit(); }}>
        <Stack gap="sm">
          {!form.form_id && <TextInput label={t('leads.form_id')} description={t('leads.form_id_text')} required maxLength={60} data-autofocus value={f.form_id} error={wrong('form_id')} onChange={(e) => set({ form_id: e.currentTarget.value.trim() })} />}
          <TextInput label={t('leads.name')} maxLength={120} value={f.name ?? ''} error={wrong('name')} onChange={(e) => set({ name: e.currentTarget.value })} />
          <Autocomplete label={t('leads.box')} description={form.boxes?.length ? t('leads.box_text', { keys: form.boxes.join(', ') }) : undefined} required maxLength={120} data={form.boxes ?? []} value={f.box_key} error={wrong('box_key')} onChange={(v) => set({ box_key: v })} />
          <Textarea label={t('leads.wording')} description={`${t('leads.wording_text')} ${brand && `«${brand}»`}`} required minLength={10} maxLength={2000} autosize minRows={2} dir="auto" value={f.wording} error={wrong('wording')} onChange={(e) => set({ wording: e.currentTarget.value })} />
          <Group grow align="flex-start">
            <Select label={t('leads.language')} data={served.map((l) => ({ value: l, label: languageName(l, i18n.language) }))} value={f.language} error={wrong('language')} onChange={(v) => set({ language: v ?? 'en' })} />
            <Select label={t('leads.purpose')} data={(['service', 'promotional'] as const).map((p) => ({ value: p, label: codeText('purpose', p) }))} value={f.purpose} onChange={(v) => set({ purpose: v === 'promotional' ? v : 'service' })} />
          </Group>
          <Select label={t('leads.account')} required data={numbers.map((a) => ({ value: String(a.id), label: a.name }))} value={account ? String(account) : null} error={wrong('account_id')} onChange={(v) => set({ account_id: Number(v) })} />
          <Autocomplete label={t('leads.template')} required maxLength={512} data={templates} value={f.template} error={wrong('template')} onChange={(v) => set({ template: v })} />
          <TextInput label={t('leads.label')} maxLength={60} value={f.label ?? ''} onChange={(e) => set({ label: e.currentTarget.value })} />
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" loading={save.isPending} disabled={!account}>{t('act.save')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
