import { ActionIcon, Button, Group, Switch, TextInput } from '@mantine/core';
import { IconPencil, IconPlus, IconSearch } from '@tabler/icons-react';
import { useDeferredValue, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { RuleDetail, Statistics } from '@/api/types';
import { shippedRule } from '@/i18n/said';
import { codeText } from '@/i18n';
import { percent } from '@/ui/format';
import { Table, Tag } from '@/ui/parts';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import css from './policies.module.css';
import { useFigures, useRules, useSwitchRule } from './queries';
import { RuleEditor } from './rule-editor';

interface Props { open: string | undefined; onOpen: (name: string | undefined) => void }

/** The rules, one's own first, each with what it did in three months and its switch. */
export function RulesTab({ open, onOpen }: Props) {
  const { t } = useTranslation();
  const query = useRules();
  const allowed = useCan('configure');
  return (
    <div className={css.stack}>
      <Loaded query={query} rows={6}>{(page) => (
        <>
          <RuleTable rules={page.items} onOpen={onOpen} add={allowed && <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => onOpen('new')}>{t('rules.add')}</Button>} />
          {open !== undefined && <RuleEditor key={open} rule={page.items.find((r) => r.name === open)} onClose={() => onOpen(undefined)} />}
        </>
      )}</Loaded>
    </div>
  );
}

function RuleTable({ rules, add, onOpen }: { rules: RuleDetail[]; add: ReactNode; onOpen: (name: string) => void }) {
  const { t } = useTranslation();
  const [q, setQ] = useState('');
  const words = useDeferredValue(q.trim().toLowerCase());
  const figures = useFigures().data?.rules ?? [];
  const shown = rules.filter((r) => !words || `${r.name} ${r.text} ${r.shipped ? shippedRule(r) : r.text} ${r.category}`.toLowerCase().includes(words));
  return (
    <>
      <Group justify="space-between" gap="xs"><TextInput w={340} maw="100%" aria-label={t('rules.search')} placeholder={t('rules.search')} leftSection={<IconSearch size={15} aria-hidden />} value={q} onChange={(e) => setQ(e.currentTarget.value)} />{add}</Group>
      {shown.length === 0 ? <Empty title={t('state.no_match')}>{t('state.no_match_text')}</Empty> : (
        <Table label={t('policies_tab.rules')} head={[t('today.rule'), t('filter.category'), t('rules.decision'), t('today.fired'), t('today.undo_rate'), t('today.works'), '']}>
          {shown.map((r) => <Row key={r.name} r={r} figures={figures} onOpen={onOpen} />)}
        </Table>
      )}
    </>
  );
}

function Row({ r, figures, onOpen }: { r: RuleDetail; figures: Statistics['rules']; onOpen: (name: string) => void }) {
  const { t, i18n } = useTranslation();
  const allowed = useCan('configure');
  const flip = useSwitchRule();
  const of = figures.filter((f) => f.name === r.name);
  const sum = (pick: (f: Statistics['rules'][number]) => number) => of.reduce((n, f) => n + pick(f), 0);
  const removed = sum((f) => f.removed);
  return (
    <tr>
      <td><b>{r.name}</b><div className={css.quiet}>{r.shipped ? shippedRule(r) : r.text}</div>{r.shipped ? <Tag>{t('rules.shipped')}</Tag> : r.replaces ? <Tag tone="accent">{t('rules.replaces')}</Tag> : <Tag tone="accent">{t('rules.own')}</Tag>}</td>
      <td>{r.category ? codeText('category', r.category) : t('policies.any')}</td>
      <td>{t(`decision.${r.decision}`)}</td>
      <td>{sum((f) => f.fired)}</td>
      <td>{removed ? percent(sum((f) => f.restored) / removed, i18n.language) : '–'}</td>
      <td><Switch size="xs" aria-label={t('rules.works_named', { name: r.name })} checked={!r.off} disabled={!allowed || flip.isPending} onChange={(e) => { const on = e.currentTarget.checked; flip.mutate({ name: r.name, on }, { onSuccess: () => told(t(on ? 'rules.on' : 'rules.off', { name: r.name })), onError: failed }); }} /></td>
      <td><ActionIcon variant="subtle" color="gray" aria-label={t('act.edit_named', { name: r.name })} onClick={() => onOpen(r.name)}><IconPencil size={16} aria-hidden /></ActionIcon></td>
    </tr>
  );
}
