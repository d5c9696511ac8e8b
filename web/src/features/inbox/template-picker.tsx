import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConversationDetail, TemplateOffer } from '@/api/types';
import { reasonText } from '@/ui/reason';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { useSend, useTemplateOffers } from './queries';

type Values = Record<string, string>;
const key = (v: { in: string; name: string }) => `${v.in}:${v.name}`;

/** The text as it will read: what is known already stands in it, what is typed takes its place. */
function reads(offer: TemplateOffer, values: Values): string {
  const typed = (offer.variables ?? []).filter((v) => v.in === 'body' && v.value === '');
  return typed.reduce((text, v) => text.replace(`{{${v.name}}}`, values[key(v)] || `{{${v.name}}}`), offer.preview.text);
}

/** Writes outside the care window: the templates that fit this person, the best first, as the gate would answer now. */
export function TemplatePicker({ c, onClose }: { c: ConversationDetail; onClose: () => void }) {
  const { t } = useTranslation();
  const query = useTemplateOffers(c.id);
  const send = useSend(c.id);
  const [id, setId] = useState('');
  const [values, setValues] = useState<Values>({});
  return (
    <Modal opened onClose={onClose} title={t('inbox.template')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <Loaded query={query}>
        {({ items }) => {
          const offers = items ?? [];
          const chosen = offers.find((x) => String(x.template_id) === id) ?? offers[0];
          if (!chosen) return <Empty title={t('inbox.no_templates')}>{t('inbox.no_templates_text')}</Empty>;
          const asked = (chosen.variables ?? []).filter((v) => v.value === '');
          const why = chosen.gate.meaning && reasonText(chosen.gate.code, chosen.gate.meaning);
          const may = chosen.gate.verb === 'allow' || chosen.gate.verb === 'defer';
          const given = Object.fromEntries(asked.map((v) => [key(v), values[key(v)] ?? '']));
          const submit = () => send.mutate({ text: '', revision: c.revision, template_id: chosen.template_id, values: given }, { onSuccess: () => { told(t('inbox.template_sent')); onClose(); }, onError: failed });
          return (
            <Stack gap="sm">
              <Select openOnFocus={false} label={t('inbox.template_which')} value={String(chosen.template_id)} allowDeselect={false} onChange={(v) => { setId(v ?? ''); setValues({}); }} data={offers.map((x) => ({ value: String(x.template_id), label: `${x.name} (${x.language})` }))} searchable />
              <p className="said panel" dir="auto" lang={chosen.language.split('_')[0]} style={{ margin: 0, padding: 12 }}>{reads(chosen, values)}</p>
              {asked.map((v, i) => <TextInput key={key(v)} label={t('inbox.parameter', { n: i + 1 })} {...(v.example ? { placeholder: v.example } : {})} value={values[key(v)] ?? ''} onChange={(e) => setValues({ ...values, [key(v)]: e.currentTarget.value })} />)}
              {why && <p role="note" style={{ margin: 0, color: may ? undefined : 'var(--p-bad-ink)' }}>{why}</p>}
              <Group justify="flex-end"><Button onClick={submit} loading={send.isPending} disabled={!may || chosen.needs_media || asked.some((v) => !(values[key(v)] ?? '').trim())}>{t('act.send')}</Button></Group>
            </Stack>
          );
        }}
      </Loaded>
    </Modal>
  );
}
