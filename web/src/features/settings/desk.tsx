import { Button, NumberInput, Switch, TagsInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLabelList } from '@/api/desk';
import { ApiError } from '@/api/errors';
import type { Workspace } from '@/api/types';
import { failed, told } from '@/ui/toast';
import { useSaveWorkspace } from './queries';
import { Section } from './section';
import css from './settings.module.css';

interface Desk { auto_assign: boolean; capacity: number; first_answer_minutes: number; handover_minutes: number; near_minutes: number; take_back_minutes: number; escalate_minutes: number; vip_labels: string[]; vip_field: string; vip_goal_micros: number }
type Minutes = 'first_answer_minutes' | 'handover_minutes' | 'near_minutes' | 'take_back_minutes' | 'escalate_minutes';

/** How conversations find somebody who answers, and by when. */
export function DeskForm({ start }: { start: Workspace }) {
  const { t } = useTranslation();
  const stored = start.settings['desk'] as Desk;
  const before = { desk: { ...stored, vip_labels: stored.vip_labels ?? [] }, overdue: Number(start.settings['overdue_minutes']) };
  const [now, setNow] = useState(before);
  const save = useSaveWorkspace();
  const labels = (useLabelList().data?.items ?? []).map((l) => l.name);
  const changed = JSON.stringify(now) !== JSON.stringify(before);
  const error = (name: string) => (save.error instanceof ApiError ? save.error.field(`settings.${name}`) : undefined);
  const set = (next: Partial<Desk>) => setNow({ ...now, desk: { ...now.desk, ...next } });
  const minutes = (name: Minutes, min: 0 | 1) => (
    <NumberInput label={t(`desk_settings.${name}`)} description={t(`desk_settings.${name}_text`)} min={min} max={10080} suffix={` ${t('unit.minutes')}`} error={error(`desk.${name}`)} value={now.desk[name]} onChange={(v) => set({ [name]: Math.max(min, Math.round(Number(v) || 0)) })} />
  );
  const submit = () => save.mutate({ ...start, settings: { desk: now.desk, overdue_minutes: now.overdue } }, { onSuccess: () => told(t('act.saved')), onError: failed });
  return (
    <form onSubmit={(e) => { e.preventDefault(); submit(); }}>
      <Section id="assign">
        <Switch className={css.wide ?? ''} label={t('desk_settings.auto_assign')} description={t('desk_settings.auto_assign_text')} checked={now.desk.auto_assign} onChange={(e) => set({ auto_assign: e.currentTarget.checked })} />
        <NumberInput label={t('desk_settings.capacity')} description={t('desk_settings.capacity_text')} min={1} max={500} error={error('desk.capacity')} value={now.desk.capacity} onChange={(v) => set({ capacity: Math.max(1, Math.round(Number(v) || 1)) })} />
        {minutes('take_back_minutes', 0)}
        {minutes('escalate_minutes', 0)}
      </Section>
      <Section id="deadlines">
        {minutes('first_answer_minutes', 1)}
        {minutes('handover_minutes', 1)}
        {minutes('near_minutes', 0)}
        <NumberInput label={t('settings.field.overdue_minutes')} description={t('desk_settings.overdue_text')} min={1} max={1440} suffix={` ${t('unit.minutes')}`} error={error('overdue_minutes')} value={now.overdue} onChange={(v) => setNow({ ...now, overdue: Math.max(1, Math.round(Number(v) || 1)) })} />
      </Section>
      <Section id="valuable">
        <TagsInput className={css.wide ?? ''} label={t('desk_settings.vip_labels')} data={labels} value={now.desk.vip_labels} onChange={(v) => set({ vip_labels: v })} />
        <TextInput label={t('desk_settings.vip_field')} description={t('desk_settings.vip_field_text')} value={now.desk.vip_field} onChange={(e) => set({ vip_field: e.currentTarget.value.trim() })} />
        <NumberInput label={t('desk_settings.vip_goal')} description={t('desk_settings.vip_goal_text')} min={0} decimalScale={2} error={error('desk.vip_goal_micros')} value={now.desk.vip_goal_micros / 1e6} onChange={(v) => set({ vip_goal_micros: Math.round((Number(v) || 0) * 1e6) })} />
      </Section>
      {changed && <div className={css.save}><Button variant="default" onClick={() => setNow(before)}>{t('act.cancel')}</Button><Button type="submit" loading={save.isPending}>{t('act.save')}</Button></div>}
    </form>
  );
}
