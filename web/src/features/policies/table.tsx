import { ActionIcon, Button, Group, MultiSelect, NumberInput, Select, Textarea } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAccounts } from '@/api/overview';
import { useCan } from '@/api/session';
import type { Policy, PolicyLine } from '@/api/types';
import { codeText } from '@/i18n';
import { languageName } from '@/ui/format';
import { accountChoices } from '@/ui/parts';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { forComments, forMessages, languages, lineFault, moved, subjects } from './model';
import css from './policies.module.css';
import { Preview } from './preview';
import { usePolicy, usePreview, useSavePolicy } from './queries';

/** The policy as a table: category, score, language and account decide; before it acts it can be tried on history. */
export function TableTab() {
  const query = usePolicy();
  return <Loaded query={query} rows={5}>{(policy) => <Edit key={JSON.stringify(policy)} start={policy} />}</Loaded>;
}

function Edit({ start }: { start: Policy }) {
  const { t } = useTranslation();
  const allowed = useCan('configure');
  const [policy, setPolicy] = useState(start);
  const save = useSavePolicy();
  const preview = usePreview();
  const table = policy.table ?? [];
  const set = (next: PolicyLine[]) => setPolicy({ ...policy, table: next });
  const changed = JSON.stringify(policy) !== JSON.stringify(start);
  const faulty = table.findIndex((l) => lineFault(l) !== undefined);
  return (
    <div className={css.stack}>
      <p className={css.quiet}>{t('policies.order')}</p>
      {table.length === 0 ? <Empty title={t('policies.no_lines')}>{t('policies.no_lines_text')}</Empty> : (
        <ol className={css.lines} aria-label={t('policies_tab.table')}>
          {table.map((l, i) => <Line key={i} n={i} l={l} last={i === table.length - 1} disabled={!allowed} onChange={(next) => set(table.map((o, k) => (k === i ? next : o)))} onMove={(by) => set(moved(table, i, by))} onRemove={() => set(table.filter((_, k) => k !== i))} />)}
        </ol>
      )}
      {allowed && <Button variant="default" size="xs" style={{ justifySelf: 'start' }} leftSection={<IconPlus size={15} aria-hidden />} onClick={() => set([...table, { category: 'spam', from: 0.8, comment: 'hide' }])}>{t('policies.add_line')}</Button>}
      <Textarea label={t('policies.text')} description={t('policies.text_hint')} autosize minRows={3} maxLength={4000} disabled={!allowed} value={policy.text ?? ''} onChange={(e) => setPolicy({ ...policy, text: e.currentTarget.value })} />
      {allowed && (
        <Group gap="xs">
          <Button variant="default" disabled={!changed || faulty >= 0} loading={preview.start.isPending} onClick={() => preview.start.mutate({ kind: 'policy', document: policy }, { onError: failed })}>{t('preview.try')}</Button>
          <Button disabled={!changed || faulty >= 0} loading={save.isPending} onClick={() => save.mutate(policy, { onSuccess: () => told(t('act.saved')), onError: failed })}>{t('policies.live_now')}</Button>
          {preview.found && <Link to="/policies" search={{ tab: 'versions', version: preview.found.version }}>{t('policies.to_version', { id: preview.found.version })}</Link>}
        </Group>
      )}
      {preview.found && <Preview id={preview.found.backtest} />}
    </div>
  );
}

/** The line with a field set, or without it. */
function withField(l: PolicyLine, name: keyof PolicyLine, value: unknown): PolicyLine {
  return Object.fromEntries([...Object.entries(l).filter(([k]) => k !== name), ...(value === undefined ? [] : [[name, value]])]) as unknown as PolicyLine;
}

interface LineProps { n: number; l: PolicyLine; last: boolean; disabled: boolean; onChange: (l: PolicyLine) => void; onMove: (by: 1 | -1) => void; onRemove: () => void }

function Line({ n, l, last, disabled, onChange, onMove, onRemove }: LineProps) {
  const { t, i18n } = useTranslation();
  const accounts = useAccounts().data?.items ?? [];
  const fault = lineFault(l);
  const decision = (name: 'comment' | 'message', values: readonly string[]) => (
    <Select size="xs" label={t(`policies.${name}`)} disabled={disabled} value={l[name] ?? ''} onChange={(v) => onChange(withField(l, name, v || undefined))} data={[{ value: '', label: t('policies.not_about') }, ...values.map((v) => ({ value: v, label: t(`decision.${v}`) }))]} />
  );
  const list = (name: 'languages' | 'accounts', values: string[] | number[]) => onChange(withField(l, name, values.length ? values : undefined));
  return (
    <li className={`panel ${css.line}`} aria-label={t('policies.line', { n: n + 1 })}>
      <Select size="xs" label={t('filter.category')} disabled={disabled} allowDeselect={false} searchable value={l.category} onChange={(v) => onChange({ ...l, category: v ?? l.category })} data={subjects.map((s) => ({ value: s, label: s === 'any' ? t('policies.any') : codeText('category', s) }))} />
      <NumberInput size="xs" label={t('policies.from')} suffix=" %" min={0} max={100} disabled={disabled} value={Math.round((l.from ?? 0) * 100)} onChange={(v) => onChange({ ...l, from: Math.min(100, Math.max(0, Number(v) || 0)) / 100 })} />
      <MultiSelect size="xs" label={t('policies.languages')} placeholder={l.languages?.length ? '' : t('policies.all')} disabled={disabled} value={l.languages ?? []} onChange={(v) => list('languages', v)} data={languages.map((v) => ({ value: v, label: languageName(v, i18n.language) || t(`filter_lang.${v === 'other' ? 'another' : 'unknown'}`) }))} />
      <MultiSelect size="xs" label={t('policies.accounts')} placeholder={l.accounts?.length ? '' : t('policies.all')} disabled={disabled} value={(l.accounts ?? []).map(String)} onChange={(v) => list('accounts', v.map(Number))} searchable={accounts.length > 8} data={accountChoices(accounts)} />
      {decision('comment', forComments)}
      {decision('message', forMessages)}
      {!disabled && (
        <span className={css.tools}>
          <ActionIcon variant="subtle" color="gray" aria-label={t('policies.up', { n: n + 1 })} disabled={n === 0} onClick={() => onMove(-1)}><IconArrowUp size={16} aria-hidden /></ActionIcon>
          <ActionIcon variant="subtle" color="gray" aria-label={t('policies.down', { n: n + 1 })} disabled={last} onClick={() => onMove(1)}><IconArrowDown size={16} aria-hidden /></ActionIcon>
          <ActionIcon variant="subtle" color="red" aria-label={t('policies.remove', { n: n + 1 })} onClick={onRemove}><IconTrash size={16} aria-hidden /></ActionIcon>
        </span>
      )}
      {fault && <p className={css.fault} role="alert">{t(`policies_fault.${fault}`)}</p>}
    </li>
  );
}
