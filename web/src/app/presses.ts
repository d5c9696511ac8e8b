import { useEffect } from 'react';

const pressed = 'button, a[href], input[type="checkbox"], [role="switch"]';

/**
 * The second half of a double click belongs to what was pressed first: where that has gone meanwhile, because a row left or the
 * next conversation came up, it does not press what stands in its place. Gives back what ends it.
 */
export function keepPresses(): () => void {
  let first: Element | null = null;
  const onClick = (event: MouseEvent) => {
    const on = event.target instanceof Element ? event.target.closest(pressed) : null;
    if (event.detail <= 1) first = on;
    else if (on !== first) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  };
  window.addEventListener('click', onClick, true);
  return () => window.removeEventListener('click', onClick, true);
}

/** Keeps double clicks where they began while the frame is shown. */
export function useKeptPresses() {
  useEffect(() => keepPresses(), []);
}
