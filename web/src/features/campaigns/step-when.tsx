import { Chip, NumberInput, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { dateTime } from '@/ui/format';
import { fieldError } from './errors';
import { dayNames } from './period';
import { useCampaigns, useNextWindows } from './queries';
import { fromWall, toCron, type Schedule } from './schedule';
import type { StepProps } from './wizard';
import css from './campaigns.module.css';

/** When it is open, how often it answers, how fast and how much. */
export function StepWhen(props: StepProps) {
  const { t } = useTranslation();
  const { draft, error, lacking, onChange } = props;
  const lacks = (fault: 'period' | 'delay') => (lacking.includes(fault) ? t(`trigger.missing.${fault}`) : undefined);
  const campaigns = (useCampaigns().data?.items ?? []).map((c) => ({ value: String(c.id), label: c.name }));
  return (
    <>
      <section className={`panel ${css.step}`}>
        <h2>{t('trigger.when')}</h2>
        <p>{t('trigger.when_text')} {t('schedule.zone', { zone: draft.zone })}</p>
        <div className={css.two}>
          <TextInput type="datetime-local" label={t('trigger.starts')} description={t('trigger.starts_text')} value={draft.starts_at} error={fieldError(error, 'starts_at')} onChange={(e) => onChange({ starts_at: e.currentTarget.value })} />
          <TextInput type="datetime-local" label={t('trigger.ends')} description={t('trigger.ends_text')} wrapperProps={{ 'data-fault': 'period' }} value={draft.ends_at} error={fieldError(error, 'ends_at') ?? lacks('period')} onChange={(e) => onChange({ ends_at: e.currentTarget.value })} />
        </div>
        <ScheduleFields schedule={draft.schedule} error={error} onChange={(schedule) => onChange({ schedule })} />
        {draft.schedule.kind !== 'always' && <NextWindows {...props} />}
      </section>
      <section className={`panel ${css.step}`}>
        <h2>{t('trigger.limits')}</h2>
        <div className={css.two}>
          <Select label={t('trigger.once_label')} value={draft.once} allowDeselect={false} onChange={(v) => onChange({ once: v === 'trigger' || v === 'period' ? v : 'post' })} data={['post', 'trigger', 'period'].map((v) => ({ value: v, label: t(`trigger.once_by.${v}`) }))} />
          <Select label={t('trigger.campaign')} description={t('trigger.campaign_text')} value={String(draft.campaign_id ?? '')} error={fieldError(error, 'campaign_id')} onChange={(v) => onChange({ campaign_id: v ? Number(v) : null })} data={[{ value: '', label: t('trigger.no_campaign') }, ...campaigns]} />
          <NumberInput label={t('trigger.delay')} description={t('trigger.delay_text')} suffix=" s" min={0} max={86_400} wrapperProps={{ 'data-fault': 'delay' }} value={draft.delay_seconds} error={fieldError(error, 'delay_seconds') ?? lacks('delay')} onChange={(v) => onChange({ delay_seconds: Number(v) || 0 })} />
          <NumberInput label={t('trigger.jitter')} description={t('trigger.jitter_text')} suffix=" s" min={0} max={86_400} value={draft.jitter_seconds} onChange={(v) => onChange({ jitter_seconds: Number(v) || 0 })} />
          <NumberInput label={t('trigger.per_hour')} description={t('trigger.ceiling_text')} min={0} max={100_000} value={draft.per_hour} onChange={(v) => onChange({ per_hour: Number(v) || 0 })} />
          <NumberInput label={t('trigger.per_day')} description={t('trigger.ceiling_text')} min={0} max={100_000} value={draft.per_day} onChange={(v) => onChange({ per_day: Number(v) || 0 })} />
          <NumberInput label={t('trigger.valid')} description={t('trigger.valid_text')} min={1} max={168} value={Math.round(draft.valid_minutes / 60)} error={fieldError(error, 'valid_minutes')} onChange={(v) => onChange({ valid_minutes: Math.max(1, Number(v) || 24) * 60 })} />
          <NumberInput label={t('trigger.priority')} description={t('trigger.priority_text')} min={-1000} max={1000} value={draft.priority} onChange={(v) => onChange({ priority: Number(v) || 0 })} />
        </div>
      </section>
    </>
  );
}

function ScheduleFields({ schedule, error, onChange }: { schedule: Schedule; error: unknown; onChange: (next: Schedule) => void }) {
  const { t, i18n } = useTranslation();
  const set = (next: Partial<Schedule>) => onChange({ ...schedule, ...next });
  const names = dayNames(i18n.language);
  return (
    <div className={css.fields} style={{ marginTop: 14 }}>
      <SegmentedControl aria-label={t('schedule.kind')} value={schedule.kind} onChange={(v) => set({ kind: v as Schedule['kind'], cron: v === 'cron' && !schedule.cron ? toCron({ ...schedule, kind: 'weekly' }) : schedule.cron })} data={(['always', 'weekly', 'cron'] as const).map((v) => ({ value: v, label: t(`schedule.kind_of.${v}`) }))} />
      {schedule.kind === 'weekly' && (
        <Chip.Group multiple value={schedule.days.map(String)} onChange={(v) => set({ days: v.map(Number) })}>
          <div role="group" aria-label={t('schedule.days')} className={css.chips}>{[1, 2, 3, 4, 5, 6, 0].map((d) => <Chip key={d} value={String(d)} size="sm">{names[d]}</Chip>)}</div>
        </Chip.Group>
      )}
      {schedule.kind !== 'always' && (
        <div className={css.two}>
          {schedule.kind === 'weekly'
            ? <TextInput type="time" label={t('schedule.time')} description={schedule.days.length === 0 ? t('schedule.every_day') : undefined} value={schedule.time} onChange={(e) => set({ time: e.currentTarget.value })} />
            : <TextInput label={t('schedule.cron')} description={t('schedule.cron_text')} value={schedule.cron} error={fieldError(error, 'recurrence')} onChange={(e) => set({ cron: e.currentTarget.value })} spellCheck={false} />}
          <NumberInput label={t('schedule.minutes')} min={1} max={10_080} suffix=" min" value={schedule.minutes} error={fieldError(error, 'duration_minutes')} onChange={(v) => set({ minutes: Number(v) || 0 })} />
        </div>
      )}
    </div>
  );
}

function NextWindows({ draft }: StepProps) {
  const { t, i18n } = useTranslation();
  const [late] = useDebouncedValue(draft, 350);
  const query = useNextWindows(toCron(late.schedule), late.schedule.minutes, fromWall(late.starts_at, late.zone), fromWall(late.ends_at, late.zone));
  const list = query.data?.items ?? [];
  return (
    <div className={css.windows} aria-live="polite">
      <h3>{t('schedule.next')}</h3>
      {query.isError ? <p role="alert" className={css.bad}>{query.error instanceof ApiError ? query.error.message : ''}</p> : query.data !== undefined && list.length === 0 ? <p>{t('schedule.none')}</p> : (
        <ol>{list.map((w) => <li key={w.starts_at}>{t('campaigns.from_until', { from: dateTime(w.starts_at, i18n.language, draft.zone), until: dateTime(w.ends_at, i18n.language, draft.zone) })}</li>)}</ol>
      )}
    </div>
  );
}
