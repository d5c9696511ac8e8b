import type { FormEvent, ReactNode } from 'react';
import css from './session.module.css';

/** The one card of the pages that come before the interface. */
export function Card({ title, lead, onSubmit, children }: { title: string; lead: string; onSubmit: (event: FormEvent) => void; children: ReactNode }) {
  return (
    <main className={css.page}>
      <form className={css.card} onSubmit={onSubmit} aria-labelledby="card-title">
        <div className={css.mark}><img src="/icon.svg" alt="" /><span>ponte</span></div>
        <h1 id="card-title">{title}</h1>
        <p>{lead}</p>
        {children}
      </form>
    </main>
  );
}
