import { ActionIcon, Button } from '@mantine/core';
import { IconAlertTriangle, IconPencil, IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Suggestion } from '@/api/types';
import { codeText } from '@/i18n';
import { Dotted } from '@/ui/sep';
import type { Draft } from './drafting';
import css from './inbox.module.css';
import { useDismiss } from './queries';
import type { Suggested } from './use-drafting';

interface Props {
  suggested: Suggested;
  picked: Suggestion | undefined;
  onSend: (s: Suggestion) => void;
  onEdit: (s: Suggestion) => void;
}

/**
 * Up to three answers with where they come from; a key picks one, Enter sends it, Tab opens it for editing. While
 * the model writes, its words are shown and cannot be used; screen readers hear once, at the end.
 */
export function SuggestionList({ suggested, picked, onSend, onEdit }: Props) {
  const { t } = useTranslation();
  const dismiss = useDismiss(suggested.again);
  const { state, offered } = suggested;
  const beside = state.drafts.filter((d) => d.state !== 'ready');
  const drop = (s: Suggestion) => { suggested.drop(s); dismiss.mutate(s.id); };
  const heard = state.phase === 'done' && offered.length > 0 ? t('inbox.drafts_ready', { count: offered.length }) : '';
  return (
    <>
      <div className="sr-only" role="status" aria-label={t('inbox.suggestions')}>{heard}</div>
      {(offered.length > 0 || beside.length > 0 || state.slow || state.fault) && (
        <div className={css.suggestions} role="group" aria-label={t('inbox.suggestions')} aria-busy={state.phase === 'waiting'}>
          {offered.map((s, n) => (
            <div key={s.id} className={css.suggestion} data-picked={picked === s}>
              <kbd aria-hidden>{n + 1}</kbd>
              <button type="button" className={css.text} onClick={() => onEdit(s)} title={t('inbox.key.edit')}>
                <span className="clip2" dir="auto" lang={s.language || undefined}>{s.text}</span>
                <small className="clip"><Dotted of={[codeText('made_by', s.made_by), ...s.sources.map((x) => x.title)]} /></small>
              </button>
              <span style={{ display: 'flex', gap: 2 }}>
                {picked === s && <Button size="compact-sm" onClick={() => onSend(s)}>{t('act.send')} ↵</Button>}
                <ActionIcon variant="subtle" color="gray" aria-label={t('inbox.dismiss', { n: n + 1 })} onClick={() => drop(s)}><IconX size={15} aria-hidden /></ActionIcon>
              </span>
            </div>
          ))}
          {beside.map((d) => <Beside key={`n${d.n}`} draft={d} />)}
          {state.slow && beside.every((d) => d.state !== 'writing') && <Beside draft={{ n: -1, state: 'writing', text: '', reason: '' }} />}
          {state.fault && <p className={css.draftFault}>{codeText('llm_fault', state.fault)}</p>}
        </div>
      )}
    </>
  );
}

/** A draft that cannot be used: it is being written, or was refused. */
function Beside({ draft }: { draft: Draft }) {
  const { t } = useTranslation();
  const writing = draft.state === 'writing';
  return (
    <div className={css.suggestion} data-state={draft.state}>
      {writing ? <IconPencil size={15} aria-hidden className={css.pen} /> : <IconAlertTriangle size={15} aria-hidden />}
      <span className={css.text}>
        {draft.text && <span dir="auto" className="clip2">{draft.text}…</span>}
        <small>{writing ? t('inbox.being_written') : t('inbox.draft_refused', { why: codeText('draft_refused', draft.reason) })}</small>
      </span>
    </div>
  );
}
