import { Autocomplete, Select } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useLabelList } from '@/api/desk';
import type { Channel } from '@/api/types';
import { languageName } from '@/ui/format';
import { channelNames } from '@/ui/parts';
import css from './contacts.module.css';
import type { ContactFilter } from './queries';

const languages = ['en', 'it', 'fr', 'ro', 'es', 'de', 'pt'];
const standings = ['granted', 'withdrawn', 'refused', 'doubt', 'expired', 'none'] as const;

/** Narrows the list by label, language, channel and where offers stand; what is chosen lives in the address. */
export function Filters({ value, onChange }: { value: ContactFilter; onChange: (next: Partial<ContactFilter>) => void }) {
  const { t, i18n } = useTranslation();
  const known = [...new Set((useLabelList().data?.items ?? []).filter((l) => l.contacts > 0).map((l) => l.name))];
  const label = (words: string) => { if (words.trim() !== (value.label ?? '')) onChange({ label: words.trim() || undefined }); };
  return (
    <div className={css.filters} role="group" aria-label={t('contacts.filters')}>
      <Autocomplete key={value.label ?? ''} label={t('contacts.label')} placeholder={t('contacts.any')} data={known} clearable clearButtonProps={{ 'aria-label': t('contacts.any') }} onClear={() => onChange({ label: undefined })} defaultValue={value.label ?? ''} maxLength={60} onOptionSubmit={label} onKeyDown={(e) => { if (e.key === 'Enter') label(e.currentTarget.value); }} onBlur={(e) => label(e.currentTarget.value)} />
      <Select label={t('contact.language')} clearable clearButtonProps={{ 'aria-label': t('contacts.any') }} placeholder={t('contacts.any')} value={value.language ?? null} onChange={(v) => onChange({ language: v ?? undefined })} data={languages.map((l) => ({ value: l, label: languageName(l, i18n.language) || l }))} />
      <Select label={t('inbox.channel')} clearable clearButtonProps={{ 'aria-label': t('contacts.any') }} placeholder={t('contacts.any')} value={value.channel ?? null} onChange={(v) => onChange({ channel: (v ?? undefined) as Channel | undefined })} data={Object.entries(channelNames).map(([v, l]) => ({ value: v, label: l }))} />
      <Select label={t('contacts.offers')} clearable clearButtonProps={{ 'aria-label': t('contacts.any') }} placeholder={t('contacts.any')} value={value.consent ?? null} onChange={(v) => onChange({ consent: (v ?? undefined) as ContactFilter['consent'] })} data={standings.map((s) => ({ value: s, label: t(`consent.${s}`) }))} />
    </div>
  );
}
