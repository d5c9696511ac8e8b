import { Spotlight, type SpotlightActionData } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { NavItem } from './nav';

/** The command palette: every screen, and a search in conversations and comments for what was typed. */
export function Palette({ items }: { items: NavItem[] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [query, setQuery] = useState('');
  const actions: SpotlightActionData[] = items.map((item) => ({
    id: item.path,
    label: t(item.label),
    leftSection: <item.icon size={18} stroke={1.6} aria-hidden />,
    onClick: () => void navigate({ to: item.path }),
  }));
  const q = query.trim();
  if (q) {
    actions.push(
      { id: 'find-talk', label: t('palette.conversations', { q }), keywords: q, leftSection: <IconSearch size={18} aria-hidden />, onClick: () => void navigate({ to: '/inbox', search: { view: 'all', q } }) },
      { id: 'find-comments', label: t('palette.comments', { q }), keywords: q, leftSection: <IconSearch size={18} aria-hidden />, onClick: () => void navigate({ to: '/moderation', search: { queue: 'all', q } }) },
    );
  }
  return (
    <Spotlight
      actions={actions}
      query={query}
      onQueryChange={setQuery}
      shortcut="mod + K"
      nothingFound={t('palette.nothing')}
      searchProps={{ placeholder: t('palette.placeholder'), 'aria-label': t('palette.placeholder'), leftSection: <IconSearch size={18} aria-hidden /> }}
    />
  );
}
