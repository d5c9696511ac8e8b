import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import type { Contact, Page } from '@/api/types';
import { date, languageName } from '@/ui/format';

/** Finds a person by name or number; the same name is told apart by language and the day they are known since. */
export function PickPerson({ label, description, not, onChange }: { label: string; description: string; not: number; onChange: (person: Contact | undefined) => void }) {
  const { t, i18n } = useTranslation();
  const [words, setWords] = useState('');
  const [value, setValue] = useState<string | null>(null);
  const [q] = useDebouncedValue(words.trim(), 200);
  const query = useQuery({ queryKey: ['contacts', 'pick', q], placeholderData: keepPreviousData, queryFn: () => unwrap<Page<Contact>>(api.GET('/contacts', { params: { query: { limit: 20, ...(q ? { q } : {}) } } })) });
  const people = (query.data?.items ?? []).filter((c) => c.id !== not);
  const told = (c: Contact) => [c.name || t('comment.nameless'), languageName(c.language, i18n.language), date(c.created_at, i18n.language)].filter(Boolean).join(' · ');
  return (
    <Select
      label={label} description={description} placeholder={t('contacts.search')} searchable clearable data-autofocus openOnFocus={false} maxDropdownHeight={220}
      data={people.map((c) => ({ value: String(c.id), label: told(c) }))} filter={({ options }) => options} nothingFoundMessage={query.isFetching ? t('state.loading') : t('state.no_match')}
      searchValue={words} onSearchChange={setWords} value={value} onChange={(v) => { setValue(v); onChange(people.find((c) => String(c.id) === v)); }}
    />
  );
}
