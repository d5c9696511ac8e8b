import { Alert, Button, FileButton, Group, Modal, SegmentedControl, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { stated } from '@/i18n/statement';
import { languageName } from '@/ui/format';
import { fileText } from '@/ui/file-text';
import { failed, problemText, told } from '@/ui/toast';
import { languages } from './forms';
import { useImport } from './queries';

type Kind = 'quick' | 'knowledge';

/** Takes quick replies or knowledge from a file: first it says what the file would bring, then it is kept. */
export function ImportDialog({ kind, onClose }: { kind: Kind; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const load = useImport(kind === 'quick' ? 'quick-replies' : 'knowledge');
  const [form, setForm] = useState<'csv' | 'text'>('csv');
  const [text, setText] = useState('');
  const [language, setLanguage] = useState<string>(i18n.language);
  const [source, setSource] = useState('');
  const csv = kind === 'quick' || form === 'csv';
  const result = load.data;
  const input = (set: () => void) => { set(); load.reset(); };
  const run = (only: boolean) => load.mutate(
    { text, try: only, ...(kind === 'knowledge' ? { form, ...(csv ? {} : { language, source }) } : {}) },
    { onSuccess: (r) => { if (r.kept) { told(t('knowledge.imported', { count: r.added + r.changed })); onClose(); } }, onError: (e) => { if (!(e instanceof ApiError && e.status === 422)) failed(e); } },
  );
  return (
    <Modal opened onClose={onClose} title={t('knowledge.import')} size="lg" closeButtonProps={{ 'aria-label': t('act.close') }}>
      <Stack gap="sm">
        {kind === 'knowledge' && <SegmentedControl aria-label={t('knowledge.form')} value={form} onChange={(v) => input(() => setForm(v as 'csv' | 'text'))} data={[{ value: 'csv', label: t('knowledge.form_csv') }, { value: 'text', label: t('knowledge.form_text') }]} />}
        <p style={{ margin: 0, color: 'var(--mantine-color-dimmed)' }}>{csv ? t(`knowledge.columns.${kind}`) : t('knowledge.headings')}</p>
        <Group><FileButton accept=".csv,.tsv,.txt,.md,text/plain,text/csv" onChange={(file) => { if (file) fileText(file).then((s) => input(() => setText(s)), failed); }}>{(props) => <Button {...props} variant="default" leftSection={<IconUpload size={16} aria-hidden />}>{t('knowledge.choose_file')}</Button>}</FileButton></Group>
        <Textarea label={t('knowledge.contents')} autosize minRows={6} maxRows={14} dir="auto" value={text} onChange={(e) => { const v = e.currentTarget.value; input(() => setText(v)); }} styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '0.8rem' } }} />
        {!csv && (
          <Group grow align="start">
            <Select label={t('knowledge.language')} value={language} allowDeselect={false} onChange={(v) => input(() => setLanguage(v ?? 'en'))} data={languages.map((l) => ({ value: l, label: languageName(l, i18n.language) }))} />
            <TextInput label={t('knowledge.source')} value={source} onChange={(e) => { const v = e.currentTarget.value; input(() => setSource(v)); }} />
          </Group>
        )}
        {load.error instanceof ApiError && load.error.status === 422 && <Alert color="red" role="alert" p="sm">{load.error.field('text') ?? problemText(load.error)}</Alert>}
        {result && result.faults.length > 0 && (
          <Alert color="red" role="alert" p="sm" title={t('knowledge.faults', { count: result.faults.length })}>
            <ul style={{ margin: 0, paddingInlineStart: 18, maxHeight: 180, overflow: 'auto' }}>{result.faults.slice(0, 100).map((f) => <li key={`${f.line} ${f.detail}`}>{t('knowledge.line', { line: f.line })}: {stated(f.detail_parts, f.detail)}</li>)}</ul>
          </Alert>
        )}
        {result && result.faults.length === 0 && !result.kept && <Alert color="green" role="status" p="sm">{t('knowledge.would', { added: result.added, changed: result.changed })}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>{t('act.cancel')}</Button>
          {result && result.faults.length === 0
            ? <Button loading={load.isPending} onClick={() => run(false)}>{t('knowledge.keep')}</Button>
            : <Button loading={load.isPending} disabled={text.trim() === ''} onClick={() => run(true)}>{t('knowledge.look')}</Button>}
        </Group>
      </Stack>
    </Modal>
  );
}
