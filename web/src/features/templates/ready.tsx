import { Button, Group, Select } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAccounts } from '@/api/overview';
import { useCan } from '@/api/session';
import type { ReadyTemplate } from '@/api/types';
import { codeText } from '@/i18n';
import { languageName } from '@/ui/format';
import { channelNames, Tag } from '@/ui/parts';
import { Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { Phone } from './phone';
import { call, useChange, useReady } from './queries';
import css from './templates.module.css';

/** The templates that come with the product, seen as a phone shows them; one press makes drafts of them. */
export function Ready() {
  const { t } = useTranslation();
  const accounts = useAccounts().data;
  const numbers = (accounts?.items ?? []).filter((a) => a.channel === 'whatsapp' && a.state !== 'removed');
  const [chosen, setChosen] = useState('');
  const account = Number(chosen) || numbers[0]?.id || 0;
  const may = useCan('campaign') && account > 0;
  const add = useChange(call.addReady);
  const addAll = (keys: string[]) => add.mutate({ account_id: account, keys }, { onSuccess: (r) => told(t('templates.added', { count: r.items.filter((x) => !x.had).length })), onError: failed });
  return (
    <>
      <Group justify="space-between" align="end" mb="sm">
        <p className={css.dim}>{t('templates.ready_lead')}{accounts && numbers.length === 0 && <> <Link to="/accounts">{t('templates.no_number')}</Link></>}</p>
        <Group gap="xs" align="end">
          {numbers.length > 1 && <Select label={t('templates.number')} value={String(account)} onChange={(v) => setChosen(v ?? '')} data={numbers.map((a) => ({ value: String(a.id), label: a.name || a.phone || channelNames.whatsapp }))} />}
          {may && <Button variant="default" loading={add.isPending} onClick={() => addAll([])}>{t('templates.add_all')}</Button>}
        </Group>
      </Group>
      <Loaded query={useReady()} rows={6}>
        {({ items }) => <div className={css.cards}>{items.map((r) => <Card key={r.key} r={r} {...(may ? { onAdd: () => addAll([r.key]) } : {})} busy={add.isPending} />)}</div>}
      </Loaded>
    </>
  );
}

function Card({ r, onAdd, busy }: { r: ReadyTemplate; onAdd?: () => void; busy: boolean }) {
  const { t, i18n } = useTranslation();
  const list = r.languages ?? [];
  const [code, setCode] = useState(list.some((l) => l.language === i18n.language) ? i18n.language : 'en');
  const on = list.find((l) => l.language === code) ?? list[0];
  const title = codeText('ready_template', r.key);
  return (
    <section className={`panel ${css.card}`} aria-label={title}>
      <h2>{title}</h2>
      <Group gap={6}><Tag>{codeText('template_category', r.category)}</Tag>{r.only_open && <Tag tone="warn" title={t('templates.only_open_text')}>{t('templates.only_open')}</Tag>}</Group>
      <Select size="xs" label={t('templates.language')} value={on?.language ?? 'en'} onChange={(v) => setCode(v ?? 'en')} data={list.map((l) => ({ value: l.language, label: languageName(l.language, i18n.language) }))} allowDeselect={false} />
      {on && <Phone preview={on.preview} language={on.language} label={t('templates.preview_of', { name: title })} />}
      {onAdd && <Button variant="light" loading={busy} onClick={onAdd} aria-label={t('templates.add_named', { name: title })}>{t('templates.add')}</Button>}
    </section>
  );
}
