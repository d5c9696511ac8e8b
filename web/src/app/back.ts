import { useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';
import { topDialog } from './focus';

interface Marked { over?: boolean }

/**
 * On a phone the way back closes what lies over the screen before it leaves the screen: what opens adds an entry to the
 * history, and what closes by itself takes it out again.
 */
export function useBackCloses() {
  const { history } = useRouter();
  useEffect(() => {
    let left: HTMLElement | undefined; // what was told to close, until it is gone
    let timer: ReturnType<typeof setTimeout> | undefined;
    const marked = () => (window.history.state as Marked | null)?.over === true;
    const look = () => {
      const dialog = topDialog();
      if (left && left !== dialog) left = undefined;
      if (dialog && dialog !== left && !marked() && window.matchMedia('(max-width: 760px)').matches) history.push(history.location.href, { over: true } as object);
      else if (!dialog && marked()) history.back();
    };
    const soon = () => { clearTimeout(timer); timer = setTimeout(look, 30); };
    const onBack = () => {
      const dialog = topDialog();
      if (marked() || !dialog) return soon();
      left = dialog;
      dialog.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', code: 'Escape', bubbles: true, cancelable: true }));
    };
    const seen = new MutationObserver(soon);
    seen.observe(document.body, { childList: true, subtree: true });
    window.addEventListener('popstate', onBack);
    return () => { clearTimeout(timer); seen.disconnect(); window.removeEventListener('popstate', onBack); };
  }, [history]);
}
