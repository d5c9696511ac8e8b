import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Duplicate } from '@/api/types';
import { codeText } from '@/i18n';
import { Sep } from '@/ui/sep';
import { called } from '@/ui/who';
import css from './contacts.module.css';
import { MergeDialog } from './merge';
import { useDuplicates } from './queries';

/** Contacts that share a number or an address. They are suggested, and never merged by themselves. */
export function Duplicates({ contact }: { contact?: number }) {
  const { t } = useTranslation();
  const query = useDuplicates(contact);
  const [chosen, setChosen] = useState<Duplicate>();
  const list = query.data?.items ?? [];
  if (list.length === 0) return null;
  return (
    <section className={`panel ${css.block}`} style={{ marginBottom: 16 }} aria-label={t('merge.suggested')}>
      <h2>{t('merge.suggested')}</h2>
      <ul className={css.pairs}>
        {list.map((d) => (
          <li key={`${d.a.id}-${d.b.id}`}>
            <span dir="auto">{called(d.a)}<Sep />{called(d.b)}</span>
            <small>{d.same.map((s) => codeText('merge_same', s)).join(', ')}</small>
            <Button size="compact-sm" variant="default" onClick={() => setChosen(d)}>{t('merge.look')}</Button>
          </li>
        ))}
      </ul>
      {chosen && <MergeDialog into={chosen.a} from={chosen.b} onClose={() => setChosen(undefined)} />}
    </section>
  );
}
