import { ActionIcon, Button } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Suggestion, Suggestions } from '@/api/types';
import { codeText } from '@/i18n';
import css from './inbox.module.css';
import { useDismiss } from './queries';

interface Props {
  query: UseQueryResult<Suggestions>;
  conversation: number;
  picked: number | undefined;
  onSend: (s: Suggestion) => void;
  onEdit: (s: Suggestion) => void;
}

/** Up to three answers with where they come from; a key picks one, Enter sends it, Tab opens it for editing. */
export function SuggestionList({ query, conversation, picked, onSend, onEdit }: Props) {
  const { t } = useTranslation();
  const dismiss = useDismiss(conversation);
  const items = query.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <div className={css.suggestions} role="group" aria-label={t('inbox.suggestions')}>
      {items.slice(0, 3).map((s, n) => (
        <div key={s.id} className={css.suggestion} data-picked={picked === n}>
          <kbd aria-hidden>{n + 1}</kbd>
          <button type="button" className={css.text} onClick={() => onEdit(s)} title={t('inbox.key.edit')}>
            <span className="clip2" dir="auto" lang={s.language || undefined}>{s.text}</span>
            <small className="clip">{[codeText('made_by', s.made_by), ...s.sources.map((x) => x.title)].filter(Boolean).join(' · ')}</small>
          </button>
          <span style={{ display: 'flex', gap: 2 }}>
            {picked === n && <Button size="compact-sm" onClick={() => onSend(s)}>{t('act.send')} ↵</Button>}
            <ActionIcon variant="subtle" color="gray" aria-label={t('inbox.dismiss', { n: n + 1 })} onClick={() => dismiss.mutate(s.id)}><IconX size={15} aria-hidden /></ActionIcon>
          </span>
        </div>
      ))}
    </div>
  );
}
