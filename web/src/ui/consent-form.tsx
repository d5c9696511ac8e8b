import { Button, Group, Modal, SegmentedControl, Select, Stack, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useConsentAct } from '@/api/consent';
import type { ConsentAct } from '@/api/types';
import { codeText } from '@/i18n';
import { channelNames } from './parts';
import { failed, told } from './toast';

const ways = ['member', 'phone', 'paper_form', 'in_person'];

/** Records what a person said about consent outside the chat, with the proof; the ledger keeps it for good. */
export function ConsentForm({ contact, onClose }: { contact: number; onClose: () => void }) {
  const { t } = useTranslation();
  const save = useConsentAct(contact);
  const [act, setAct] = useState<'grant' | 'withdraw'>('withdraw');
  const [channel, setChannel] = useState<ConsentAct['channel']>('whatsapp');
  const [purpose, setPurpose] = useState<ConsentAct['purpose']>('promotional');
  const [how, setHow] = useState('member');
  const [evidence, setEvidence] = useState('');
  const submit = () => save.mutate({ act, channel, purpose, how, evidence_text: evidence.trim() }, { onSuccess: () => { told(t('contact.recorded')); onClose(); }, onError: failed });
  return (
    <Modal opened onClose={onClose} title={t('contact.record')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <Stack gap="sm">
        <SegmentedControl aria-label={t('contact.act')} value={act} onChange={(v) => setAct(v as typeof act)} data={[{ value: 'withdraw', label: t('contact.withdraw') }, { value: 'grant', label: t('contact.grant') }]} />
        <Select label={t('inbox.channel')} value={channel} onChange={(v) => setChannel((v ?? 'whatsapp') as ConsentAct['channel'])} data={(['whatsapp', 'messenger', 'instagram'] as const).map((v) => ({ value: v, label: channelNames[v] }))} />
        <Select label={t('contact.purpose')} value={purpose} onChange={(v) => setPurpose((v ?? 'promotional') as ConsentAct['purpose'])} data={['promotional', 'service'].map((v) => ({ value: v, label: codeText('purpose', v) }))} />
        <Select label={t('contact.how')} value={how} onChange={(v) => setHow(v ?? 'member')} data={ways.map((v) => ({ value: v, label: codeText('how', v) }))} />
        <Textarea label={t('contact.evidence')} description={t('contact.evidence_text')} autosize minRows={2} value={evidence} onChange={(e) => setEvidence(e.currentTarget.value)} />
        <Group justify="flex-end"><Button loading={save.isPending} disabled={!evidence.trim()} onClick={submit}>{t('contact.save')}</Button></Group>
      </Stack>
    </Modal>
  );
}
