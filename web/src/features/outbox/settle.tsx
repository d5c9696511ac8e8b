import { Button, Group, Modal, Radio, Stack, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Action, Finding } from '@/api/types';
import { codeText } from '@/i18n';
import { failed, told } from '@/ui/toast';
import { useSettle } from './queries';

const findings: Finding[] = ['took_place', 'did_not', 'send_again'];

/** A person looked at the network: it happened, it did not, or it may go out once more – and how they know. */
export function Settle({ a, onClose }: { a: Action; onClose: () => void }) {
  const { t } = useTranslation();
  const settle = useSettle();
  const [outcome, setOutcome] = useState<Finding | ''>('');
  const [reason, setReason] = useState('');
  const submit = () => outcome && settle.mutate({ id: a.id, outcome, reason: reason.trim() }, { onSuccess: () => { told(t('outbox.settled')); onClose(); }, onError: failed });
  return (
    <Modal opened onClose={onClose} title={t('outbox.settle_title', { what: codeText('action', a.kind) })} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(e) => { e.preventDefault(); submit(); }}>
        <Stack gap="md">
          <p style={{ margin: 0 }}>{t('outbox.settle_text')}</p>
          <Radio.Group label={t('outbox.settle_what')} value={outcome} onChange={(v) => setOutcome(v as Finding)}>
            <Stack gap="xs" mt={8}>{findings.map((f) => <Radio key={f} value={f} label={t(`outbox.finding.${f}`)} description={t(`outbox.finding_text.${f}`)} />)}</Stack>
          </Radio.Group>
          <Textarea label={t('outbox.settle_why')} description={t('outbox.settle_why_text')} autosize minRows={2} maxLength={500} required value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" loading={settle.isPending} disabled={!outcome || !reason.trim()}>{t('act.save')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
