import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { useAccounts } from '@/api/overview';
import { languageName } from '@/ui/format';
import { served } from '@/ui/served';
import { failed, told } from '@/ui/toast';
import { useMakeLink, useReasons } from './queries';

/** A link for one place. */
export function NewLink({ onClose }: { onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const numbers = (useAccounts().data?.items ?? []).filter((a) => a.channel === 'whatsapp');
  const { triggers, campaigns } = useReasons();
  const make = useMakeLink();
  const [name, setName] = useState('');
  const [account, setAccount] = useState<string | null>(null);
  const [trigger, setTrigger] = useState('');
  const [campaign, setCampaign] = useState('');
  const [language, setLanguage] = useState<string>(served.find((l) => l === i18n.language) ?? 'en');
  const number = account ?? (numbers[0] ? String(numbers[0].id) : null);
  const wrong = (field: string) => (make.error instanceof ApiError ? make.error.field(field) : undefined);
  const none = { value: '', label: t('links.nobody') };
  const submit = () => make.mutate({ name: name.trim(), account_id: Number(number), language, ...(trigger ? { trigger_id: Number(trigger) } : {}), ...(campaign ? { campaign_id: Number(campaign) } : {}) }, {
    onSuccess: () => { told(t('links.made')); onClose(); }, onError: (e) => { if (!(e instanceof ApiError) || e.status !== 422) failed(e); },
  });
  return (
    <Modal opened onClose={onClose} title={t('links.new')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(e) => { e.preventDefault(); submit(); }}>
        <Stack gap="sm">
          <TextInput label={t('links.name')} description={t('links.name_text')} required maxLength={120} data-autofocus dir="auto" value={name} error={wrong('name')} onChange={(e) => setName(e.currentTarget.value)} />
          <Select label={t('links.account')} required data={numbers.map((a) => ({ value: String(a.id), label: a.name }))} value={number} error={wrong('account_id')} onChange={setAccount} />
          <Select label={t('links.language')} data={served.map((l) => ({ value: l, label: languageName(l, i18n.language) }))} value={language} error={wrong('language')} onChange={(v) => setLanguage(v ?? 'en')} />
          <Select label={t('links.campaign')} searchable data={[none, ...campaigns.filter((x) => x.state !== 'archived').map((x) => ({ value: String(x.id), label: x.name }))]} value={campaign} onChange={(v) => setCampaign(v ?? '')} />
          <Select label={t('links.trigger')} searchable data={[none, ...triggers.filter((x) => x.state !== 'archived').map((x) => ({ value: String(x.id), label: x.name }))]} value={trigger} onChange={(v) => setTrigger(v ?? '')} />
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" loading={make.isPending} disabled={!number || name.trim() === ''}>{t('links.make')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
