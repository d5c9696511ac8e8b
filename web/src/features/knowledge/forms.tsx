import { Button, Group, Modal, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import type { Knowledge, QuickReply } from '@/api/types';
import { languageName } from '@/ui/format';
import { failed, told } from '@/ui/toast';
import { useSaveKnowledge, useSaveQuick } from './queries';

export const languages = ['en', 'it', 'fr', 'ro', 'es', 'de', 'pt'];

function Shell({ title, busy, children, onClose, onSubmit }: { title: string; busy: boolean; children: ReactNode; onClose: () => void; onSubmit: () => void }) {
  const { t } = useTranslation();
  const submit = (e: FormEvent) => { e.preventDefault(); onSubmit(); };
  return (
    <Modal opened onClose={onClose} title={title} size="lg" closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          {children}
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" loading={busy}>{t('act.save')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}

function LanguageSelect({ value, onChange }: { value: string; onChange: (v: string) => void }) {
  const { t, i18n } = useTranslation();
  return <Select label={t('knowledge.language')} value={value} onChange={(v) => onChange(v ?? 'en')} data={languages.map((l) => ({ value: l, label: languageName(l, i18n.language) }))} />;
}

const fieldError = (error: unknown, name: string) => (error instanceof ApiError ? error.field(name) : undefined);

/** A text that agents call by "/shortcut" and that suggestions are made from. */
export function QuickForm({ value, onClose }: { value: QuickReply | undefined; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const save = useSaveQuick();
  const [body, setBody] = useState({ shortcut: value?.shortcut ?? '', language: value?.language ?? i18n.language, title: value?.title ?? '', text: value?.text ?? '', intents: value?.intents ?? [] });
  const submit = () => save.mutate({ id: value?.id, body: { ...body, shortcut: body.shortcut.replace(/^\//, '').toLowerCase() } }, { onSuccess: () => { told(t('act.saved')); onClose(); }, onError: failed });
  return (
    <Shell title={t(value ? 'knowledge.edit_quick' : 'knowledge.new_quick')} busy={save.isPending} onClose={onClose} onSubmit={submit}>
      <TextInput label={t('knowledge.shortcut')} description={t('knowledge.shortcut_text')} leftSection="/" required pattern="/?[a-zA-Z0-9_\-]{1,40}" value={body.shortcut} error={fieldError(save.error, 'shortcut')} onChange={(e) => setBody({ ...body, shortcut: e.currentTarget.value })} />
      <LanguageSelect value={body.language} onChange={(language) => setBody({ ...body, language })} />
      <TextInput label={t('knowledge.entry_title')} value={body.title} onChange={(e) => setBody({ ...body, title: e.currentTarget.value })} />
      <Textarea label={t('knowledge.text')} required autosize minRows={4} dir="auto" lang={body.language} value={body.text} error={fieldError(save.error, 'text')} onChange={(e) => setBody({ ...body, text: e.currentTarget.value })} />
    </Shell>
  );
}

/** A fact that suggested answers may use and name as their source. */
export function KnowledgeForm({ value, start, onClose, onSaved }: { value: Knowledge | undefined; start?: { title: string; language: string } | undefined; onClose: () => void; onSaved?: (() => void) | undefined }) {
  const { t, i18n } = useTranslation();
  const save = useSaveKnowledge();
  const [body, setBody] = useState({ title: value?.title ?? start?.title ?? '', language: value?.language ?? start?.language ?? i18n.language, text: value?.text ?? '', source: value?.source ?? '' });
  const submit = () => save.mutate({ id: value?.id, body }, { onSuccess: () => { told(t('act.saved')); onSaved?.(); onClose(); }, onError: failed });
  return (
    <Shell title={t(value ? 'knowledge.edit_entry' : 'knowledge.new_entry')} busy={save.isPending} onClose={onClose} onSubmit={submit}>
      <TextInput label={t('knowledge.entry_title')} required value={body.title} error={fieldError(save.error, 'title')} onChange={(e) => setBody({ ...body, title: e.currentTarget.value })} />
      <LanguageSelect value={body.language} onChange={(language) => setBody({ ...body, language })} />
      <Textarea label={t('knowledge.text')} required autosize minRows={6} dir="auto" lang={body.language} value={body.text} error={fieldError(save.error, 'text')} onChange={(e) => setBody({ ...body, text: e.currentTarget.value })} />
      <TextInput label={t('knowledge.source')} description={t('knowledge.source_text')} value={body.source} onChange={(e) => setBody({ ...body, source: e.currentTarget.value })} />
    </Shell>
  );
}
