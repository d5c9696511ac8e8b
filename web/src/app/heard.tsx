import { useMatches } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Me, Overview } from '@/api/types';
import type { NavItem } from './nav';

/** The screen of an address: the navigation's item whose path is its longest beginning. */
export function screenOf(items: readonly NavItem[], path: string): NavItem | undefined {
  return items.filter((i) => (i.path === '/' ? path === '/' : path === i.path || path.startsWith(`${i.path}/`))).sort((a, b) => b.path.length - a.path.length)[0];
}

/** Names the browser's tab by the screen and the brand, so that tabs and the history can be told apart. */
export function useTitle(me: Me, items: readonly NavItem[]) {
  const { t } = useTranslation();
  const path = useMatches({ select: (m) => m.at(-1)?.pathname ?? '/' });
  const item = screenOf(items, path) ?? (path.startsWith('/campaigns/') ? items.find((i) => i.path === '/triggers') : undefined);
  const screen = item ? t(item.label) : path === '/profile' ? t('profile.title') : '';
  useEffect(() => { document.title = [screen, me.workspace.brand || me.workspace.name, 'ponte'].filter(Boolean).join(' – '); }, [screen, me.workspace.brand, me.workspace.name]);
}

const pause = 20_000;

/** Says to those who do not see the numbers that the queue or the inbox has grown; at most every twenty seconds. */
export function Announcer({ overview }: { overview: Overview | undefined }) {
  const { t } = useTranslation();
  const before = useRef<{ review: number; waiting: number; at: number } | undefined>(undefined);
  const [said, setSaid] = useState('');
  const review = overview?.review_open;
  const waiting = overview?.conversations_waiting;
  useEffect(() => {
    if (review === undefined || waiting === undefined) return;
    const was = before.current;
    const grown = was !== undefined && (review > was.review || waiting > was.waiting);
    if (grown && Date.now() - was.at < pause) return; // it is said with what comes next
    before.current = { review, waiting, at: grown ? Date.now() : was?.at ?? 0 };
    if (!grown) return;
    setSaid([review > was.review ? t('heard.review', { count: review }) : '', waiting > was.waiting ? t('heard.waiting', { count: waiting }) : ''].filter(Boolean).join(' '));
  }, [review, waiting, t]);
  return <div className="sr-only" role="status" aria-label={t('heard.label')}>{said}</div>;
}
