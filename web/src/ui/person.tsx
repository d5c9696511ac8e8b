import { Button } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { Person } from '@/api/types';
import { codeText } from '@/i18n';
import { countryName, languageName } from './format';
import { Facts, Tag } from './parts';
import css from './parts.module.css';

const Edit = lazy(() => import('./person-edit').then((m) => ({ default: m.PersonEdit })));

/** What is known of a person – language, place, clock, labels, and what flows, forms and members noted – with the way to change it. */
export function PersonFacts({ person, before = [], after = [], language }: { person: Person; before?: [string, ReactNode][]; after?: [string, ReactNode][]; language?: string | undefined }) {
  const { t, i18n } = useTranslation();
  const converse = useCan('converse');
  const [editing, setEditing] = useState(false);
  const labels = person.labels.length > 0 && <span className={css.tags}>{person.labels.map((l) => <Tag key={l}>{l}</Tag>)}</span>;
  const fields = Object.entries(person.fields).sort(([a], [b]) => a.localeCompare(b));
  return (
    <>
      <Facts rows={[
        ...before,
        [t('contact.language'), languageName(person.language || (language ?? ''), i18n.language)],
        [t('person.country'), countryName(person.country, i18n.language)],
        [t('person.time_zone'), person.time_zone],
        [t('person.labels'), labels || ''],
        ...fields.map(([key, value]): [string, ReactNode] => [fieldName(key), <span key={key} dir="auto">{value}</span>]),
        ...after,
      ]} />
      {converse && <Button mt={10} size="compact-sm" variant="default" leftSection={<IconPencil size={14} aria-hidden />} onClick={() => setEditing(true)}>{t('person.edit')}</Button>}
      {editing && <Suspense><Edit person={person} onClose={() => setEditing(false)} /></Suspense>}
    </>
  );
}

/** A field by its name in the reader's language, where it is one that every workspace has. */
export const fieldName = (key: string) => codeText('person_field', key) || key.replaceAll('_', ' ');
