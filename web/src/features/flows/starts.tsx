import { ActionIcon, Button, Select, TagsInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import type { Account, BotFlowDetail, Campaign, FlowStart, Page, Trigger } from '@/api/types';
import { channelNames } from '@/ui/parts';
import { failed, told } from '@/ui/toast';
import { useStarts } from './queries';
import css from './flows.module.css';

const fresh: FlowStart = { on: 'conversation', account_id: null, channel: 'whatsapp', language: '', trigger_id: null, campaign_id: null, keywords: [] };

/** When the flow begins: words, a handoff, or every conversation; the most particular start wins. */
export function Starts({ flow, may }: { flow: BotFlowDetail; may: boolean }) {
  const { t } = useTranslation();
  const [list, setList] = useState<FlowStart[]>(flow.starts);
  const save = useStarts(flow.id);
  const accounts = useQuery({ queryKey: ['accounts'], queryFn: () => unwrap<Page<Account>>(api.GET('/accounts')) });
  const triggers = useQuery({ queryKey: ['triggers'], queryFn: () => unwrap<Page<Trigger>>(api.GET('/triggers')) });
  const campaigns = useQuery({ queryKey: ['campaigns'], queryFn: () => unwrap<Page<Campaign>>(api.GET('/campaigns')) });
  const set = (i: number, change: Partial<FlowStart>) => setList(list.map((s, n) => (n === i ? { ...s, ...change } : s)));
  const ids = (items: { id: number; name: string }[] | undefined) => (items ?? []).map((x) => ({ value: String(x.id), label: x.name }));
  const number = (v: string | null) => (v ? Number(v) : null);
  return (
    <div className={css.starts}>
      <p className={css.hint}>{t('flows.starts_text')}</p>
      {list.map((s, i) => (
        <fieldset key={i} className={css.start} disabled={!may} aria-label={t('flows.start_n', { n: i + 1 })}>
          <Select label={t('flows.on')} allowDeselect={false} value={s.on} data={(['conversation', 'handoff', 'keyword'] as const).map((v) => ({ value: v, label: t(`flows.start_on.${v}`) }))} onChange={(v) => v && set(i, { on: v as FlowStart['on'], keywords: [], trigger_id: null, campaign_id: null })} />
          {s.on === 'keyword' && <TagsInput label={t('flows.keywords')} value={s.keywords} onChange={(keywords) => set(i, { keywords })} />}
          {s.on === 'handoff' && <Select label={t('flows.of_trigger')} clearable placeholder={t('flows.any')} value={s.trigger_id ? String(s.trigger_id) : null} data={ids(triggers.data?.items)} onChange={(v) => set(i, { trigger_id: number(v) })} />}
          {s.on === 'handoff' && <Select label={t('flows.of_campaign')} clearable placeholder={t('flows.any')} value={s.campaign_id ? String(s.campaign_id) : null} data={ids(campaigns.data?.items)} onChange={(v) => set(i, { campaign_id: number(v) })} />}
          <Select label={t('flows.channel')} clearable placeholder={t('flows.any')} value={s.channel || null} data={(['whatsapp', 'instagram', 'messenger'] as const).map((v) => ({ value: v, label: channelNames[v] }))} onChange={(v) => set(i, { channel: (v ?? '') as FlowStart['channel'] })} />
          <Select label={t('flows.account')} clearable placeholder={t('flows.any')} value={s.account_id ? String(s.account_id) : null} data={ids(accounts.data?.items)} onChange={(v) => set(i, { account_id: number(v) })} />
          <Select label={t('flows.language')} clearable placeholder={t('flows.any')} value={s.language || null} data={['en', 'it', 'fr', 'ro', 'es', 'de', 'pt']} onChange={(v) => set(i, { language: v ?? '' })} />
          <ActionIcon variant="subtle" color="red" aria-label={t('flows.remove_start', { n: i + 1 })} onClick={() => setList(list.filter((_, n) => n !== i))}><IconTrash size={16} aria-hidden /></ActionIcon>
        </fieldset>
      ))}
      {list.length === 0 && <p className={css.hint}>{t('flows.no_starts')}</p>}
      {may && (
        <div className={css.bar}>
          <Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setList([...list, fresh])}>{t('flows.add_start')}</Button>
          <Button loading={save.isPending} disabled={JSON.stringify(list) === JSON.stringify(flow.starts)} onClick={() => save.mutate(list, { onSuccess: (f) => { setList(f.starts); told(t('flows.saved')); }, onError: failed })}>{t('act.save')}</Button>
        </div>
      )}
    </div>
  );
}
