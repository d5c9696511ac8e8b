import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import css from './settings.module.css';

/** A group of settings: what it is about on the left, its fields on the right. */
export function Section({ id, children }: { id: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <section className={`panel ${css.section}`}>
      <div><h2>{t(`settings.${id}.title`)}</h2><p>{t(`settings.${id}.text`)}</p></div>
      <div className={css.fields}>{children}</div>
    </section>
  );
}
