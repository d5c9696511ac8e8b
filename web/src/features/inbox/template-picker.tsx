import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConversationDetail, TemplateOffer } from '@/api/types';
import { Tag } from '@/ui/parts';
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

/** All that the person will see: what stands above and below the text, and the buttons. */
function Message({ offer, values }: { offer: TemplateOffer; values: Values }) {
  const { t } = useTranslation();
  const { header, footer, buttons } = offer.preview;
  return (
    <section className="said panel" aria-label={t('inbox.template_reads')} dir="auto" lang={offer.language.split('_')[0]} style={{ padding: 12 }}>
      {header?.text && <strong style={{ display: 'block' }}>{header.text}</strong>}
      {reads(offer, values)}
      {footer && <small style={{ display: 'block', color: 'var(--mantine-color-dimmed)' }}>{footer}</small>}
      {(buttons ?? []).length > 0 && <Group gap={6} mt={8}>{buttons.map((b, i) => <Tag key={i}>{b.text}</Tag>)}</Group>}
    </section>
  );
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
          const ready = may && !chosen.needs_media && asked.every((v) => (values[key(v)] ?? '').trim() !== '');
          const given = Object.fromEntries(asked.map((v) => [key(v), values[key(v)] ?? '']));
          const submit = () => send.mutate({ text: '', revision: c.revision, template_id: chosen.template_id, values: given }, { onSuccess: () => { told(t('inbox.template_sent')); onClose(); }, onError: failed });
          return (
            <form onSubmit={(e) => { e.preventDefault(); if (ready) submit(); }}><Stack gap="sm">
              <Select openOnFocus={false} label={t('inbox.template_which')} value={String(chosen.template_id)} allowDeselect={false} onChange={(v) => { setId(v ?? ''); setValues({}); }} data={offers.map((x) => ({ value: String(x.template_id), label: `${x.name} (${x.language})${x.quality === 'RED' ? ` – ${t('inbox.template_low')}` : ''}` }))} searchable />
              <Message offer={chosen} values={values} />
              {asked.map((v, i) => <TextInput key={key(v)} required withAsterisk={false} label={t('inbox.parameter', { n: i + 1 })} {...(v.example ? { placeholder: v.example } : {})} value={values[key(v)] ?? ''} onChange={(e) => setValues({ ...values, [key(v)]: e.currentTarget.value })} />)}
              {chosen.needs_media && <p role="note" style={{ margin: 0, color: 'var(--p-bad-ink)' }}>{t('inbox.template_media')}</p>}
              {chosen.quality === 'RED' && may && <p role="note" style={{ margin: 0, color: 'var(--p-bad-ink)' }}>{t('inbox.template_red')}</p>}
              {why && <p role="note" style={{ margin: 0, color: may ? undefined : 'var(--p-bad-ink)' }}>{why}</p>}
              <Group justify="flex-end"><Button type="submit" loading={send.isPending} disabled={!ready}>{t('act.send')}</Button></Group>
            </Stack></form>
          );
        }}
      </Loaded>
    </Modal>
  );
}
