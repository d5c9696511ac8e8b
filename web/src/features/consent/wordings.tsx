import { Button, Checkbox, Group, Modal, NumberInput, Select, Stack, Textarea } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { useCan } from '@/api/session';
import type { Wording } from '@/api/types';
import { dateTime, labelled } from '@/ui/format';
import { useNamed } from '@/ui/named';
import { Tag } from '@/ui/parts';
import { Row } from '@/ui/rows';
import rows from '@/ui/rows.module.css';
import { Sep } from '@/ui/sep';
import { Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import css from './consent.module.css';
import { useAddWording, useWordings, wordingLanguages, wordingNames, type WordingLanguage, type WordingName } from './queries';

const isName = (name: string): name is WordingName => (wordingNames as readonly string[]).includes(name);

/** The wordings that people are asked with: the one in force for each language, and what stood before. */
export function Wordings() {
  const { t } = useTranslation();
  const configure = useCan('configure');
  const query = useWordings();
  const [name, setName] = useState<WordingName>('offers');
  const [editing, setEditing] = useState<Partial<Wording>>();
  return (
    <>
      <Group justify="space-between" align="end" my={12} gap="sm">
        <Select label={t('asking.which')} value={name} onChange={(v) => v && isName(v) && setName(v)} data={wordingNames.map((n) => ({ value: n, label: t(`wording_name.${n}`) }))} allowDeselect={false} />
        {configure && <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setEditing({})}>{t('asking.new_version')}</Button>}
      </Group>
      <Loaded query={query} rows={6}>
        {(page) => <ul className={`panel ${rows.rows}`} aria-label={t(`wording_name.${name}`)}>{wordingLanguages.map((language) => <InLanguage key={language} language={language} versions={page.items.filter((w) => w.name === name && w.language === language)} {...(configure ? { onEdit: setEditing } : {})} />)}</ul>}
      </Loaded>
      {editing && <NewVersion from={editing} name={name} onClose={() => setEditing(undefined)} />}
    </>
  );
}

function InLanguage({ language, versions, onEdit }: { language: WordingLanguage; versions: Wording[]; onEdit?: (w: Wording) => void }) {
  const { t, i18n } = useTranslation();
  const name = useNamed();
  const [now, ...before] = versions;
  const named = new Intl.DisplayNames([i18n.language], { type: 'language' }).of(language) ?? language;
  if (!now) return <Row><strong>{named}</strong><small>{t('asking.no_wording')}</small></Row>;
  return (
    <Row side={<><Tag tone="good">{t('asking.in_force', { version: now.version })}</Tag>{onEdit && <Button size="compact-sm" variant="default" {...name(t('asking.change'), named)} onClick={() => onEdit(now)}>{t('asking.change')}</Button>}</>}>
      <strong>{named}</strong>
      <p className="said" lang={language}>{now.text}</p>
      <small>
        <span>{now.own ? t('asking.own') : t('asking.shipped')}</span><span>{dateTime(now.created_at, i18n.language)}</span>
        {now.confirm && <span>{t('asking.double')}</span>}{now.valid_days && <span>{t('asking.days', { count: now.valid_days })}</span>}
      </small>
      {before.length > 0 && (
        <details className={css.before}>
          <summary>{t('asking.before', { count: before.length })}</summary>
          <ol>{before.map((w) => <li key={w.id}><small>{t('asking.version', { version: w.version })}<Sep />{dateTime(w.created_at, i18n.language)}</small><p className="said" lang={language}>{w.text}</p></li>)}</ol>
        </details>
      )}
    </Row>
  );
}

function NewVersion({ from, name, onClose }: { from: Partial<Wording>; name: WordingName; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const add = useAddWording();
  const [language, setLanguage] = useState<WordingLanguage>((from.language as WordingLanguage | undefined) ?? 'en');
  const [text, setText] = useState(from.draft ?? '');
  const [confirm, setConfirm] = useState(from.confirm ?? false);
  const [days, setDays] = useState<number | ''>(from.valid_days ?? '');
  const wrong = add.error instanceof ApiError ? add.error.field('text') : undefined;
  const submit = () => add.mutate({ name, language, text: text.trim(), confirm, ...(days === '' ? {} : { valid_days: days }) }, {
    onSuccess: (w) => { told(t('asking.kept', { version: w.version })); onClose(); },
    onError: (e) => { if (!(e instanceof ApiError && e.field('text'))) failed(e); },
  });
  const languages = new Intl.DisplayNames([i18n.language], { type: 'language' });
  return (
    <Modal opened onClose={onClose} title={labelled(t('asking.new_version'), t(`wording_name.${name}`), i18n.language)} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(e) => { e.preventDefault(); submit(); }}>
        <Stack gap="sm">
          <Select label={t('asking.language')} value={language} onChange={(v) => v && setLanguage(v as WordingLanguage)} data={wordingLanguages.map((l) => ({ value: l, label: languages.of(l) ?? l }))} allowDeselect={false} />
          <Textarea label={t('asking.text')} description={t('asking.text_hint')} autosize minRows={4} maxLength={1024} value={text} error={wrong} onChange={(e) => setText(e.currentTarget.value)} data-autofocus />
          <Checkbox label={t('asking.confirm')} checked={confirm} onChange={(e) => setConfirm(e.currentTarget.checked)} />
          <NumberInput label={t('asking.valid_days')} placeholder={t('asking.until_withdrawn')} min={1} max={36500} value={days} onChange={(v) => setDays(v === '' ? '' : Number(v))} />
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" disabled={text.trim().length < 20} loading={add.isPending}>{t('asking.keep')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
