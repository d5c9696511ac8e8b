import { Button, Progress, SegmentedControl, Switch, TextInput } from '@mantine/core';
import { IconFlask, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { DryRun, DryRunResult, Funnel } from '@/api/types';
import { said } from '@/i18n/said';
import { codeText } from '@/i18n';
import { dateTime } from '@/ui/format';
import { Ago, Tag } from '@/ui/parts';
import { Row, Rows, Views } from '@/ui/rows';
import { Sep } from '@/ui/sep';
import { Empty } from '@/ui/states';
import { failed } from '@/ui/toast';
import { isHarmful, Veil } from '@/ui/veil';
import { fieldError } from './errors';
import { FunnelChart } from './funnel';
import { toInput, type Draft, type Fault } from './model';
import { useCancelDryRun, useDryRun, useDryRunResults, useStartDryRun } from './queries';
import type { StepProps } from './wizard';
import css from './campaigns.module.css';

interface Props extends StepProps { id: number | undefined; missing: Fault[]; onMend: (fault: Fault) => void; funnel?: Funnel }

/** The name, what is still missing, what it would have done, and what it has. */
export function StepTry({ draft, error, lacking, onChange, id, missing, onMend, funnel }: Props) {
  const { t } = useTranslation();
  return (
    <>
      <section className={`panel ${css.step}`}>
        <TextInput label={t('triggers.name')} required value={draft.name} wrapperProps={{ 'data-fault': 'name' }} error={fieldError(error, 'name') ?? (lacking.includes('name') ? t('trigger.missing.name') : undefined)} onChange={(e) => onChange({ name: e.currentTarget.value })} />
        {missing.length > 0 && (
          <ul className={css.missing}>{missing.map((m) => <li key={m}><button type="button" onClick={() => onMend(m)}>{t(`trigger.missing.${m}`, { link: '{{link}}' })}</button></li>)}</ul>
        )}
      </section>
      <DryRunPanel draft={draft} id={id} ready={missing.every((m) => m === 'name')} />
      {funnel && funnel.matched > 0 && <section className={`panel ${css.step}`}><h2>{t('funnel.title')}</h2><FunnelChart funnel={funnel} goal="" /></section>}
    </>
  );
}

function DryRunPanel({ draft, id, ready }: { draft: Draft; id: number | undefined; ready: boolean }) {
  const { t } = useTranslation();
  const [days, setDays] = useState('30');
  const [anyTime, setAnyTime] = useState(true);
  const start = useStartDryRun();
  const timed = draft.starts_at !== '' || draft.ends_at !== '' || draft.schedule.kind !== 'always' || draft.campaign_id !== null;
  const input = toInput({ ...draft, name: draft.name || t('triggers.new') });
  const run = () => start.mutate({ id, trigger: input, days: Number(days), anyTime: timed && anyTime }, { onError: failed });
  const stale = start.variables !== undefined && JSON.stringify(start.variables.trigger) !== JSON.stringify(input);
  return (
    <section className={`panel ${css.step}`}>
      <h2>{t('dry_run.title')}</h2>
      <p>{t('dry_run.text')}</p>
      <div className={css.tryBar}>
        <SegmentedControl aria-label={t('dry_run.span')} value={days} onChange={setDays} data={['7', '30', '90', '365'].map((d) => ({ value: d, label: t('dry_run.days', { count: Number(d) }) }))} />
        {timed && <Switch label={t('dry_run.any_time')} checked={anyTime} onChange={(e) => setAnyTime(e.currentTarget.checked)} />}
        <Button leftSection={<IconFlask size={16} aria-hidden />} variant="default" disabled={!ready} loading={start.isPending} onClick={run}>{t('dry_run.start')}</Button>
      </div>
      {stale && <p role="status" className={css.hint}>{t('dry_run.stale')}</p>}
      {start.data && <Results key={start.data.id} id={start.data.id} zone={draft.zone} />}
    </section>
  );
}

function Results({ id, zone }: { id: number; zone: string }) {
  const { t, i18n } = useTranslation();
  const query = useDryRun(id);
  const cancel = useCancelDryRun();
  const [code, setCode] = useState('answered');
  const run = query.data;
  if (!run) return null;
  const n = new Intl.NumberFormat(i18n.language);
  const working = run.state === 'queued' || run.state === 'running';
  return (
    <div className={css.results}>
      <p role="status" className={css.verdict}>{said(run)}</p>
      {working && (
        <div className={css.progress}>
          <Progress value={run.total > 0 ? (100 * run.worked) / run.total : 0} aria-label={t('dry_run.progress')} />
          <span>{n.format(run.worked)} / {n.format(run.total)}</span>
          <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconX size={14} aria-hidden />} loading={cancel.isPending} onClick={() => cancel.mutate(id, { onError: failed })}>{t('act.cancel')}</Button>
        </div>
      )}
      <Views label={t('dry_run.codes')} value={code} onView={setCode} views={[...new Set(['answered', ...Object.entries(run.counts).sort((a, b) => b[1] - a[1]).map(([c]) => c)])].map((c) => ({ value: c, label: codeText('dry_code', c), count: run.counts[c] }))} />
      <Found id={id} code={code} worked={run.worked} zone={zone} />
    </div>
  );

  function said(r: DryRun): string {
    if (r.state === 'failed') return t('dry_run.failed', { why: r.reason });
    const answered = r.counts['answered'] ?? 0;
    if (r.state === 'cancelled') return t('dry_run.cancelled', { answered: n.format(answered), of: n.format(r.worked) });
    if (r.worked === 0 && r.state === 'done') return t('dry_run.nothing');
    return t('dry_run.answered', { answered: n.format(answered), of: n.format(r.worked) });
  }
}

function Found({ id, code, worked, zone }: { id: number; code: string; worked: number; zone: string }) {
  const { t } = useTranslation();
  const list = useDryRunResults(id, code, worked);
  return <Rows list={list} label={t('dry_run.results')} empty={<Empty title={t('dry_run.none')}>{code === 'answered' ? t('dry_run.none_text') : ''}</Empty>}>{(r: DryRunResult) => <Result key={r.n} r={r} zone={zone} />}</Rows>;
}

function Result({ r, zone }: { r: DryRunResult; zone: string }) {
  const { t, i18n } = useTranslation();
  const w = r.would;
  return (
    <Row>
      <Veil harmful={isHarmful(r.harm)}><span className={`said ${css.line}`} dir="auto" lang={r.language || undefined}>{r.text || t('dry_run.gone')}</span></Veil>
      <small className={css.under}>{r.author}<Sep /><Ago at={r.at} /><Sep />{said(r.reason_parts, r.reason)}</small>
      {w.public && <div className={css.would}><Tag>{t('dry_run.variant', { n: w.variant ?? 1 })}</Tag> <span dir="auto">{w.public}</span></div>}
      {w.private && <div className={css.would}><Tag tone="accent">{t('dry_run.private')}</Tag> <span dir="auto">{w.private}</span></div>}
      {w.leaves_at && <small className={css.under}>{t('dry_run.leaves', { at: dateTime(w.leaves_at, i18n.language, zone) })}{w.window_start && w.window_end && <><Sep />{t('dry_run.window', { from: dateTime(w.window_start, i18n.language, zone), until: dateTime(w.window_end, i18n.language, zone) })}</>}</small>}
    </Row>
  );
}
