import { useSyncExternalStore } from 'react';

const watchers = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(tell: () => void) {
  watchers.add(tell);
  now = Date.now();
  timer ??= setInterval(() => {
    now = Date.now();
    watchers.forEach((w) => w());
  }, 20_000);
  return () => {
    watchers.delete(tell);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time, moving on three times a minute for everything on the page together. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
