import { useState } from 'react';

/**
 * Two people write to one customer. Whoever is at it when the other's answer goes out is told, and sends
 * only by asking twice: the customer should not get two answers because neither saw the other's in time.
 */
export function useCollision(waiting: string | null, writing: boolean) {
  const [began, setBegan] = useState<string | null>(); // the wait that the text in the box is an answer to
  const [warned, setWarned] = useState(false);
  const [going, setGoing] = useState(false); // it is on its way: that the wait ends is one's own doing
  if (writing && began === undefined) setBegan(waiting);
  if (!writing && began !== undefined) { setBegan(undefined); setWarned(false); setGoing(false); }
  const met = !going && overtaken(began, waiting);
  return {
    met,
    warned,
    /** Says whether sending has to wait for a second press. */
    stops: () => {
      const stop = met && !warned;
      if (stop) setWarned(true);
      else if (began !== undefined) setGoing(true);
      return stop;
    },
  };
}

/** The customer waited when the text was begun, and that wait is over. */
const overtaken = (began: string | null | undefined, waiting: string | null): boolean => began !== undefined && began !== null && began !== waiting;
