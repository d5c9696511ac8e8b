import { useRouter } from '@tanstack/react-router';
import { useRef } from 'react';

/**
 * Opens and closes what stands beside a list. Where there is room for both nothing is added to the browser's history; on a phone,
 * where it takes the place of the list, the way back leads to the list again.
 */
export function useBeside(shown: boolean, go: (id: number | undefined, replace: boolean) => void): (id: number | undefined) => void {
  const router = useRouter();
  const added = useRef(false);
  return (id) => {
    const narrow = window.matchMedia('(max-width: 760px)').matches;
    if (id !== undefined && !shown && narrow) {
      added.current = true;
      go(id, false);
    } else if (id === undefined && added.current && narrow) {
      added.current = false;
      router.history.back();
    } else go(id, true);
  };
}
