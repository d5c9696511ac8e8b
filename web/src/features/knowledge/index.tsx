import { ActionIcon, Button, Group, TextInput } from '@mantine/core';
import { IconBook2, IconPencil, IconPlus, IconSearch, IconTrash, IconUpload } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { Knowledge, Question, QuickReply } from '@/api/types';
import { languageName } from '@/ui/format';
import { useConfirm } from '@/ui/confirm';
import { PageBody, PageHead, Table, Tag } from '@/ui/parts';
import { Views } from '@/ui/rows';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { Figures } from './figures';
import { KnowledgeForm, QuickForm } from './forms';
import { ImportDialog } from './import';
import { useCloseQuestion, useKnowledge, useQuickReplies, useRemove } from './queries';
import { Questions } from './questions';

const route = getRouteApi('/knowledge');
type Open = { kind: 'quick'; value?: QuickReply } | { kind: 'knowledge'; value?: Knowledge; question?: Question } | { kind: 'import' };

const tabs = ['quick', 'knowledge', 'questions', 'figures'] as const;

/** What suggested answers are made of: quick replies and a small knowledge base. */
export default function KnowledgeScreen() {
  const { t } = useTranslation();
  const tab = route.useSearch().tab ?? 'quick';
  const navigate = route.useNavigate();
  const edit = useCan('campaign');
  const [open, setOpen] = useState<Open | undefined>();
  const [q, setQ] = useState('');
  const closeQuestion = useCloseQuestion();
  const list = tab === 'quick' || tab === 'knowledge' ? tab : undefined;
  const add = edit && list && (
    <Group gap="xs">
      <Button variant="default" leftSection={<IconUpload size={16} aria-hidden />} onClick={() => setOpen({ kind: 'import' })}>{t('knowledge.import')}</Button>
      <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpen({ kind: list })}>{t(list === 'quick' ? 'knowledge.new_quick' : 'knowledge.new_entry')}</Button>
    </Group>
  );
  return (
    <PageBody>
      <PageHead title={t('knowledge.title')} action={add}>{t('knowledge.lead')}</PageHead>
      <Group mb={14} justify="space-between">
        <Views bar of={t('knowledge.title')} value={tab} onView={(v) => void navigate({ search: { tab: v === 'quick' ? undefined : v } })} views={tabs.map((value) => ({ value, label: t(`knowledge.tab.${value}`) }))} />
        {list && <TextInput aria-label={t('knowledge.search')} placeholder={t('knowledge.search')} leftSection={<IconSearch size={15} aria-hidden />} value={q} onChange={(e) => setQ(e.currentTarget.value)} w={260} />}
      </Group>
      {tab === 'quick' && <QuickList q={q} edit={edit} onEdit={(value) => setOpen({ kind: 'quick', value })} />}
      {tab === 'knowledge' && <EntryList q={q} edit={edit} onEdit={(value) => setOpen({ kind: 'knowledge', value })} />}
      {tab === 'questions' && <Questions edit={edit} onAnswer={(question) => setOpen({ kind: 'knowledge', question })} />}
      {tab === 'figures' && <Figures />}
      {open?.kind === 'quick' && <QuickForm value={open.value} onClose={() => setOpen(undefined)} />}
      {open?.kind === 'knowledge' && <KnowledgeForm value={open.value} start={open.question && { title: open.question.text.slice(0, 200), language: open.question.language }} onSaved={open.question && (() => closeQuestion.mutate(open.question!.id))} onClose={() => setOpen(undefined)} />}
      {open?.kind === 'import' && list && <ImportDialog kind={list} onClose={() => setOpen(undefined)} />}
    </PageBody>
  );
}

const has = (q: string, ...texts: string[]) => texts.some((x) => x.toLocaleLowerCase().includes(q.trim().toLocaleLowerCase()));

interface ListProps<T> { q: string; edit: boolean; onEdit: (value: T) => void }

function QuickList({ q, edit, onEdit }: ListProps<QuickReply>) {
  const { t, i18n } = useTranslation();
  const query = useQuickReplies();
  return (
    <Loaded query={query}>
      {({ items }) => {
        const shown = items.filter((r) => has(q, r.shortcut, r.title, r.text));
        if (shown.length === 0) return <Nothing q={q} text={t('knowledge.no_quick')} />;
        return (
          <Table label={t('knowledge.quick')} head={[t('knowledge.shortcut'), t('knowledge.language'), t('knowledge.text'), '']}>
            {shown.map((r) => (
              <tr key={r.id}>
                <td><strong>/{r.shortcut}</strong></td>
                <td><Tag>{languageName(r.language, i18n.language)}</Tag></td>
                <td><span className="said clip2" dir="auto" lang={r.language}>{r.text}</span></td>
                <td>{edit && <RowActions name={r.shortcut} kind="quick-replies" id={r.id} onEdit={() => onEdit(r)} />}</td>
              </tr>
            ))}
          </Table>
        );
      }}
    </Loaded>
  );
}

function EntryList({ q, edit, onEdit }: ListProps<Knowledge>) {
  const { t, i18n } = useTranslation();
  const query = useKnowledge();
  return (
    <Loaded query={query}>
      {({ items }) => {
        const shown = items.filter((r) => has(q, r.title, r.text));
        if (shown.length === 0) return <Nothing q={q} text={t('knowledge.no_entries')} />;
        return (
          <Table label={t('knowledge.entries')} head={[t('knowledge.entry_title'), t('knowledge.language'), t('knowledge.text'), '']}>
            {shown.map((r) => (
              <tr key={r.id}>
                <td style={{ minWidth: 160 }}><strong dir="auto">{r.title}</strong>{r.source && <div style={{ color: 'var(--mantine-color-dimmed)', fontSize: '0.75rem' }}>{r.source}</div>}</td>
                <td><Tag>{languageName(r.language, i18n.language)}</Tag></td>
                <td><span className="said clip2" dir="auto" lang={r.language}>{r.text}</span></td>
                <td>{edit && <RowActions name={r.title} kind="knowledge" id={r.id} onEdit={() => onEdit(r)} />}</td>
              </tr>
            ))}
          </Table>
        );
      }}
    </Loaded>
  );
}

function Nothing({ q, text }: { q: string; text: string }) {
  const { t } = useTranslation();
  return <div className="panel"><Empty title={q ? t('state.no_match') : text} icon={<IconBook2 size={26} stroke={1.4} aria-hidden />}>{q ? t('state.no_match_text') : t('knowledge.empty_text')}</Empty></div>;
}

function RowActions({ name, kind, id, onEdit }: { name: string; kind: 'quick-replies' | 'knowledge'; id: number; onEdit: () => void }) {
  const { t } = useTranslation();
  const remove = useRemove(kind);
  const [ask, dialog] = useConfirm();
  return (
    <Group gap={2} wrap="nowrap" justify="flex-end">
      <ActionIcon variant="subtle" color="gray" aria-label={t('act.edit_named', { name })} onClick={onEdit}><IconPencil size={16} aria-hidden /></ActionIcon>
      <ActionIcon variant="subtle" color="gray" aria-label={t('act.remove_named', { name })} loading={remove.isPending} onClick={() => { ask({ text: t('act.sure_remove', { name }), verb: t('act.remove'), run: () => remove.mutate(id, { onSuccess: () => told(t('act.removed')), onError: failed }) }); }}><IconTrash size={16} aria-hidden /></ActionIcon>
      {dialog}
    </Group>
  );
}
