import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import type { Contact, Page } from '@/api/types';
import { date, languageName } from './format';
import { called } from './who';

interface Props { label: string; description: string; not?: number; first?: { id: number; name: string } | undefined; focus?: boolean; onChange: (person: Contact | undefined) => void }

/** Finds a person by name or number; the same name is told apart by language and the day they are known since. */
export function PickPerson({ label, description, not, first, focus = true, onChange }: Props) {
  const { t, i18n } = useTranslation();
  const [words, setWords] = useState(first?.name ?? '');
  const [value, setValue] = useState<string | null>(first ? String(first.id) : null);
  const [q] = useDebouncedValue(words.trim(), 200);
  const query = useQuery({ queryKey: ['contacts', 'pick', q], placeholderData: keepPreviousData, queryFn: () => unwrap<Page<Contact>>(api.GET('/contacts', { params: { query: { limit: 20, ...(q ? { q } : {}) } } })) });
  const people = (query.data?.items ?? []).filter((c) => c.id !== not);
  const told = (c: Contact) => [called(c), languageName(c.language, i18n.language), date(c.created_at, i18n.language)].filter(Boolean).join(', ');
  const listed = people.map((c) => ({ value: String(c.id), label: told(c) }));
  const shown = first && value === String(first.id) && !people.some((c) => c.id === first.id) ? [{ value: String(first.id), label: first.name }, ...listed] : listed;
  return (
    <Select
      label={label} description={description} placeholder={t('person.search')} searchable clearable {...(focus ? { 'data-autofocus': true } : {})} openOnFocus={false} maxDropdownHeight={220}
      data={shown} filter={({ options }) => options} nothingFoundMessage={query.isFetching ? t('state.loading') : t('state.no_match')}
      searchValue={words} onSearchChange={setWords} value={value} onChange={(v) => { setValue(v); onChange(people.find((c) => String(c.id) === v)); }}
    />
  );
}
