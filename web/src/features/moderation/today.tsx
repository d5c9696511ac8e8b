import { Button, SegmentedControl, Switch } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import { useCan, useMe } from '@/api/session';
import type { Hold, Page, Statistics } from '@/api/types';
import { codeText } from '@/i18n';
import { shippedRule } from '@/i18n/said';
import { dateTime, percent } from '@/ui/format';
import { useNamed } from '@/ui/named';
import { Ago, PageBody, PageHead, Table, Tag } from '@/ui/parts';
import { Sep } from '@/ui/sep';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { startOfDay, undoRate } from './flow';
import { isHarmful, VeiledLine } from '@/ui/veil';
import css from './moderation.module.css';
import { MachineHides } from './machine-hides';
import { ScreenTabs } from './tabs';

const spans = { today: 0, week: 7, month: 30 } as const;
type Span = keyof typeof spans;

/** What the machine did today: by tier and by rule, with how often people took it back, and the hides themselves. */
export default function Today() {
  const { t } = useTranslation();
  const me = useMe().data;
  const [span, setSpan] = useState<Span>('today');
  const [now] = useState(() => Date.now());
  const since = startOfDay(now, spans[span], me?.workspace.time_zone ?? 'UTC');
  const query = useQuery({ queryKey: ['review-statistics', since], queryFn: () => unwrap<Statistics>(api.GET('/review-statistics', { params: { query: { since } } })), enabled: me !== undefined });
  return (
    <PageBody>
      <PageHead title={t('today.title')} action={<SegmentedControl size="xs" aria-label={t('today.span')} value={span} onChange={(v) => setSpan(v as Span)} data={(Object.keys(spans) as Span[]).map((v) => ({ value: v, label: t(`today.${v}`) }))} />}>{t('today.lead')}</PageHead>
      <ScreenTabs />
      <Loaded query={query} rows={5}>{(s) => <Figures s={s} />}</Loaded>
      <Holds />
      <MachineHides since={since} />
    </PageBody>
  );
}

function Figures({ s }: { s: Statistics }) {
  const { t, i18n } = useTranslation();
  if (s.tiers.length === 0) return <Empty title={t('today.nothing')}>{t('today.nothing_text')}</Empty>;
  const rate = (removed: number, restored: number) => { const r = undoRate(removed, restored); return r === undefined ? '–' : percent(r, i18n.language); };
  return (
    <>
      <section aria-labelledby="tiers">
        <h2 id="tiers" className={css.sectionTitle}>{t('today.tiers')}</h2>
        <Table label={t('today.tiers')} head={[t('filter.tier'), t('today.version'), t('today.judged'), t('today.removed'), t('today.restored'), t('today.undo_rate')]}>
          {s.tiers.map((f) => <tr key={f.name + f.version}><td>{t(`tier.${f.name}`)}</td><td><code>{f.version}</code></td><td>{f.fired}</td><td>{f.removed}</td><td>{f.restored}</td><td>{rate(f.removed, f.restored)}</td></tr>)}
        </Table>
      </section>
      <section aria-labelledby="rules">
        <h2 id="rules" className={css.sectionTitle}>{t('today.rules')}</h2>
        {s.rules.length === 0 ? <p className={css.quiet}>{t('today.no_rules')}</p> : (
          <Table label={t('today.rules')} head={[t('today.rule'), t('today.fired'), t('today.removed'), t('today.restored'), t('today.undo_rate'), t('today.works')]}>
            {s.rules.map((f) => (
              <tr key={f.name + f.version}>
                <td><RuleName name={f.name} /></td><td>{f.fired}</td><td>{f.removed}</td><td>{f.restored}</td>
                <td>{(undoRate(f.removed, f.restored) ?? 0) > 0.1 ? <Tag tone="warn">{rate(f.removed, f.restored)}</Tag> : rate(f.removed, f.restored)}</td><td><RuleSwitch name={f.name} /></td>
              </tr>
            ))}
          </Table>
        )}
      </section>
    </>
  );
}

const useRules = () => useQuery({ queryKey: ['rules'], queryFn: () => unwrap<Page<{ name: string; text: string; shipped: boolean; off: boolean }>>(api.GET('/rules')) });

/** A rule, and what it is about. What the model did in a rule's place is no rule that could be opened. */
function RuleName({ name }: { name: string }) {
  const rules = useRules();
  const rule = rules.data?.items.find((r) => r.name === name);
  if (rules.data && !rule) return <>{codeText('tier', name)}</>;
  return <><Link to="/policies" search={{ tab: 'rules', rule: name }}>{name}</Link>{rule && <div className={css.quiet} dir="auto">{rule.shipped ? shippedRule(rule) : rule.text}</div>}</>;
}

/** Lets a rule rest at once, where its figures say that it errs. */
function RuleSwitch({ name }: { name: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const allowed = useCan('configure');
  const rules = useRules();
  const flip = useMutation({ mutationFn: (on: boolean) => unwrap(api.POST('/rules/switch', { body: { name, on } })), onError: failed, onSettled: () => { void client.invalidateQueries({ queryKey: ['rules'] }); } });
  const rule = rules.data?.items.find((r) => r.name === name);
  if (!rule) return <>–</>;
  return <Switch size="xs" aria-label={t('rules.works_named', { name })} checked={!rule.off} disabled={!allowed || flip.isPending} onChange={(e) => flip.mutate(e.currentTarget.checked)} />;
}

/** Decisions about a text that hold for whoever writes it: seen, ended, taken back. */
function Holds() {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const named = useNamed();
  const of = (h: Hold) => [isHarmful(h.harm) ? t('veil.line') : h.text, dateTime(h.decided_at, i18n.language)];
  const allowed = useCan('moderate');
  const query = useQuery({ queryKey: ['review-holds'], queryFn: () => unwrap<Page<Hold>>(api.GET('/review-holds')), refetchInterval: (q) => (q.state.data?.items.some((h) => h.left > 0) ? 2000 : false) });
  const fresh = () => { for (const key of ['review-holds', 'comments', 'comment']) void client.invalidateQueries({ queryKey: [key] }); };
  const end = useMutation({ mutationFn: (id: number) => unwrap(api.DELETE('/review-holds/{id}', { params: { path: { id } } })), onSuccess: () => told(t('hold.ended')), onError: failed, onSettled: fresh });
  const undo = useMutation({ mutationFn: (id: number) => unwrap(api.POST('/review-batches/{id}/undo', { params: { path: { id } }, body: {} })), onSuccess: () => told(t('hold.undone')), onError: failed, onSettled: fresh });
  const items = query.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <section aria-labelledby="holds">
      <h2 id="holds" className={css.sectionTitle}>{t('hold.title')}</h2>
      <Table label={t('hold.title')} head={[t('hold.text'), t('hold.decision'), t('hold.comments'), t('hold.until'), '']}>
        {items.map((h) => (
          <tr key={h.id}>
            <td><Link to="/moderation" search={{ queue: 'all', id: h.comment_id }} className="clip2" dir="auto"><VeiledLine harmful={isHarmful(h.harm)}>{h.text || t('comment.no_text')}</VeiledLine></Link></td>
            <td><Tag tone={h.outcome === 'hide' || h.outcome === 'delete' ? 'bad' : 'good'}>{t(`decision.${h.outcome === 'hide' || h.outcome === 'delete' ? h.outcome : 'allow'}`)}</Tag><div className={css.quiet}>{h.by}<Sep /><Ago at={h.decided_at} /></div></td>
            <td>{h.comments}{h.left > 0 && <div className={css.quiet} role="status">{t('hold.left', { count: h.left })}</div>}</td>
            <td>{dateTime(h.until, i18n.language)}</td>
            <td>{allowed && <span className={css.row}><Button size="compact-sm" variant="default" {...named(t('hold.end'), ...of(h))} onClick={() => end.mutate(h.id)}>{t('hold.end')}</Button><Button size="compact-sm" variant="default" {...named(t('hold.undo'), ...of(h))} onClick={() => undo.mutate(h.batch)}>{t('hold.undo')}</Button></span>}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
