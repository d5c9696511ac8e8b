import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConversationDetail } from '@/api/types';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { useSend, useTemplates } from './queries';

/** Writes outside the care window: only a template that Meta approved may go. */
export function TemplatePicker({ c, onClose }: { c: ConversationDetail; onClose: () => void }) {
  const { t } = useTranslation();
  const query = useTemplates(c.account_id, true);
  const send = useSend(c.id);
  const [id, setId] = useState('');
  const [values, setValues] = useState<string[]>([]);
  return (
    <Modal opened onClose={onClose} title={t('inbox.template')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <Loaded query={query}>
        {({ items }) => {
          const approved = items.filter((x) => x.status === 'APPROVED');
          const chosen = approved.find((x) => String(x.id) === id);
          const count = chosen?.parameters ?? 0;
          const filled = Array.from({ length: count }, (_, i) => values[i] ?? '');
          const submit = () => send.mutate({ text: '', revision: c.revision, template_id: Number(id), parameters: filled }, { onSuccess: () => { told(t('inbox.template_sent')); onClose(); }, onError: failed });
          if (approved.length === 0) return <Empty title={t('inbox.no_templates')}>{t('inbox.no_templates_text')}</Empty>;
          return (
            <Stack gap="sm">
              <Select label={t('inbox.template_which')} value={id} onChange={(v) => { setId(v ?? ''); setValues([]); }} data={approved.map((x) => ({ value: String(x.id), label: `${x.name} (${x.language})` }))} searchable />
              {chosen && <p className="said panel" dir="auto" style={{ margin: 0, padding: 12 }}>{chosen.body.replace(/\{\{(\d+)\}\}/g, (all, n: string) => filled[Number(n) - 1] || all)}</p>}
              {filled.map((v, i) => <TextInput key={i} label={t('inbox.parameter', { n: i + 1 })} value={v} onChange={(e) => { const next = [...filled]; next[i] = e.currentTarget.value; setValues(next); }} />)}
              <Group justify="flex-end"><Button onClick={submit} loading={send.isPending} disabled={!chosen || filled.some((v) => !v.trim())}>{t('act.send')}</Button></Group>
            </Stack>
          );
        }}
      </Loaded>
    </Modal>
  );
}
