import { useTranslation } from 'react-i18next';
import type { TemplateDraft, TemplateVersion } from '@/api/types';
import { codeText } from '@/i18n';
import { labelled } from '@/ui/format';
import { Ago } from '@/ui/parts';
import { Dotted, Sep } from '@/ui/sep';
import { Loaded } from '@/ui/states';
import { useHistory, useVersions } from './queries';
import css from './templates.module.css';

/** The versions with what changed in each, and what Meta did with them. */
export function History({ draft }: { draft: TemplateDraft }) {
  const { t } = useTranslation();
  const versions = useVersions(draft.id, draft.version);
  return (
    <section className={`panel ${css.fields}`} aria-label={t('templates.history')}>
      <h2>{t('templates.history')}</h2>
      {draft.template && <Events id={draft.template.id} />}
      <Loaded query={versions} rows={2}>{({ items }) => <ol className={css.history} reversed>{items.map((v) => <VersionLine key={v.version} v={v} first={v.version === 1} />)}</ol>}</Loaded>
    </section>
  );
}

function VersionLine({ v, first }: { v: TemplateVersion; first: boolean }) {
  const { t, i18n } = useTranslation();
  return (
    <li>
      <span><strong>{t('templates.version', { n: v.version })}</strong><Sep />{v.author_name}<Sep /><Ago at={v.created_at} /></span>
      {v.decided_by_name && v.state !== 'returned' && <span className={css.dim}>{t(v.alone ? 'templates.approved_alone' : 'templates.approved_by', { name: v.decided_by_name })}</span>}
      {v.state === 'returned' && <span className={css.dim}>{labelled(t('templates.returned_by', { name: v.decided_by_name }), v.note, i18n.language)}</span>}
      {v.submitted_at && <span className={css.dim}>{t('templates.submitted_at')} <Ago at={v.submitted_at} />{v.action_meaning ? ` – ${v.action_meaning}` : ''}</span>}
      {!first && (v.changes ?? []).length > 0 && (
        <details>
          <summary>{t('templates.changes', { count: (v.changes ?? []).length })}</summary>
          <div className={css.diff}>
            {(v.changes ?? []).map((c) => <div key={c.field}><span className={css.dim}>{c.field}</span>{c.before && <del>{c.before}</del>}{c.after && <ins>{c.after}</ins>}</div>)}
          </div>
        </details>
      )}
    </li>
  );
}

function Events({ id }: { id: number }) {
  const { t } = useTranslation();
  const word = (field: string, value: string) => {
    if (field === 'status') return codeText('template_status', value);
    if (field === 'quality') return codeText('template_quality', value);
    return field === 'paused' ? codeText('template_paused', value) : codeText('template_category', value);
  };
  return (
    <Loaded query={useHistory(id)} rows={1}>
      {({ items }) => items.length === 0 ? null : (
        <ul className={css.history}>
          {items.slice(0, 8).map((e, i) => <li key={i}><span>{t(`templates.event.${e.field}`)}: <strong>{word(e.field, e.value)}</strong><Sep /><Ago at={e.at} /></span>{(e.reason || e.actor_name) && <span className={css.dim}><Dotted of={[e.actor_name, e.reason && codeText('template_reason', e.reason)]} /></span>}</li>)}
        </ul>
      )}
    </Loaded>
  );
}
