import { useEffect, useRef, useState, type Dispatch, type SetStateAction } from 'react';

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

interface Work<T> { from: string; work: T }

/** Work on something as it stood when it was begun: kept in this browser while it differs from that, and there again when
 *  the page is loaded anew. Where the thing has changed since, what was kept is of the past and is dropped. `taken` says
 *  that it was there again; `drop` begins anew, with what is given or as it stood. `same`
 *  stands for how it began where that is never the same, as of a new thing. */
export function useKeptWork<T>(name: string, start: T, same?: string): { work: T; setWork: Dispatch<SetStateAction<T>>; taken: boolean; drop: (next?: T) => void } {
  const origin = (begun: T) => same ?? JSON.stringify(begun);
  const begun = useRef(start); // as somebody else saves it meanwhile is not what this was begun from
  const [kept] = useState(() => keptWork<T>(name, origin(start)));
  const [work, setWork] = useState(kept ?? start);
  const [taken, setTaken] = useState(kept !== undefined);
  useEffect(() => {
    const changed = JSON.stringify(work) !== JSON.stringify(begun.current);
    keepText(name, changed ? JSON.stringify({ from: same ?? JSON.stringify(begun.current), work } satisfies Work<T>) : '');
  }, [name, same, work]);
  const drop = (next = begun.current) => { begun.current = next; setWork(next); setTaken(false); keepText(name, ''); };
  return { work, setWork, taken, drop };
}

function keptWork<T>(name: string, from: string): T | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(key(name)) ?? '') as Work<T>;
    return kept.from === from ? kept.work : undefined;
  } catch { // there is none, or it is of another version
    return undefined;
  }
}
