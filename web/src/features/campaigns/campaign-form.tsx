import { Button, Group, Modal, MultiSelect, NumberInput, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useMe } from '@/api/session';
import { ApiError } from '@/api/errors';
import type { Campaign, CampaignInput } from '@/api/types';
import { failed, told } from '@/ui/toast';
import { useSaveCampaign, useTemplateNames, useTriggers } from './queries';
import { fromWall, toWall } from './schedule';
import css from './campaigns.module.css';

/** A campaign: what it is made of, when it runs, what it may cost and what it is for. */
export function CampaignForm({ campaign, onClose }: { campaign?: Campaign; onClose: () => void }) {
  const { t } = useTranslation();
  const zone = useMe().data?.workspace.time_zone ?? 'UTC';
  const [c, setC] = useState(() => ({
    revision: campaign?.revision ?? 0, name: campaign?.name ?? '', starts: toWall(campaign?.starts_at ?? null, zone), ends: toWall(campaign?.ends_at ?? null, zone),
    budget: campaign?.budget_micros === null || campaign === undefined ? '' : String(campaign.budget_micros / 1e6), currency: campaign?.budget_currency ?? '', goal: campaign?.goal ?? '',
    triggers: (campaign?.trigger_ids ?? []).map(String), templates: (campaign?.templates ?? []).map((x) => `${x.account_id}/${x.name}`),
  }));
  const triggers = (useTriggers().data?.items ?? []).filter((x) => !x.campaign_id || x.campaign_id === campaign?.id);
  const names = [...new Set([...(useTemplateNames().data?.items ?? []).map((x) => `${x.account_id}/${x.name}`), ...c.templates])];
  const save = useSaveCampaign(campaign?.id);
  const error = (field: string) => (save.error instanceof ApiError ? save.error.field(field) : undefined);
  const set = (next: Partial<typeof c>) => setC((was) => ({ ...was, ...next }));
  const submit = (e: FormEvent) => {
    e.preventDefault();
    const body: CampaignInput = {
      name: c.name.trim(), starts_at: fromWall(c.starts, zone), ends_at: fromWall(c.ends, zone), budget_micros: c.budget === '' ? null : Math.round(Number(c.budget) * 1e6),
      budget_currency: c.budget === '' ? '' : c.currency.toUpperCase(), goal: c.goal.trim(), trigger_ids: c.triggers.map(Number),
      templates: c.templates.map((x) => ({ account_id: Number(x.slice(0, x.indexOf('/'))), name: x.slice(x.indexOf('/') + 1) })),
    };
    save.mutate({ body, revision: c.revision }, { onSuccess: () => { told(t('act.saved')); onClose(); }, onError: failed });
  };
  return (
    <Modal opened onClose={onClose} size="lg" closeButtonProps={{ 'aria-label': t('act.close') }} title={campaign ? t('campaigns.edit') : t('campaigns.new')}>
      <form onSubmit={submit} className={css.fields}>
        <TextInput label={t('triggers.name')} required data-autofocus value={c.name} error={error('name')} onChange={(e) => set({ name: e.currentTarget.value })} />
        <MultiSelect label={t('triggers.title')} description={t('campaigns.triggers_text')} searchable value={c.triggers} onChange={(v) => set({ triggers: v })} data={triggers.map((x) => ({ value: String(x.id), label: x.name }))} error={error('trigger_ids')} />
        <MultiSelect label={t('nav.templates')} searchable value={c.templates} onChange={(v) => set({ templates: v })} data={names.map((x) => ({ value: x, label: x.slice(x.indexOf('/') + 1) }))} error={error('templates')} />
        <div className={css.two}>
          <TextInput type="datetime-local" label={t('trigger.starts')} description={t('schedule.zone', { zone })} value={c.starts} error={error('starts_at')} onChange={(e) => set({ starts: e.currentTarget.value })} />
          <TextInput type="datetime-local" label={t('trigger.ends')} description={t('trigger.ends_text')} value={c.ends} error={error('ends_at')} onChange={(e) => set({ ends: e.currentTarget.value })} />
          <NumberInput label={t('campaigns.budget')} description={t('campaigns.budget_text')} min={0} decimalScale={2} value={c.budget} error={error('budget_micros')} onChange={(v) => set({ budget: String(v) })} />
          <TextInput label={t('campaigns.currency')} description={t('campaigns.currency_text')} maxLength={3} value={c.currency} error={error('budget_currency')} onChange={(e) => set({ currency: e.currentTarget.value })} />
        </div>
        <TextInput label={t('funnel.goal')} description={t('campaigns.goal_text')} maxLength={40} value={c.goal} error={error('goal')} onChange={(e) => set({ goal: e.currentTarget.value })} />
        <Group justify="flex-end" gap="xs"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" loading={save.isPending}>{t('act.save')}</Button></Group>
      </form>
    </Modal>
  );
}
