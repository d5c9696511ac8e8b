import { useState } from 'react';

const key = (name: string) => `ponte.draft.${name}`;

/** A text that stays in this browser until it is sent or emptied, whether what it was written in is closed, left or loaded anew. */
export function useKept(name: string): [string, (text: string) => void] {
  const [text, setText] = useState(() => localStorage.getItem(key(name)) ?? '');
  return [text, (next) => { setText(next); keepText(name, next); }];
}

/** The same from outside of what is shown, as when what was written has been sent meanwhile. */
export function keepText(name: string, text: string): void {
  if (text) localStorage.setItem(key(name), text);
  else localStorage.removeItem(key(name));
}
