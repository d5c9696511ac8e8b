import { useEffect } from 'react';
import { ApiError, errorKind } from '@/api/errors';
import { Failure } from '@/ui/states';
import { failed } from '@/ui/toast';

/** Whether the server answers at all. */
const reachable = () => fetch('/icon.svg', { method: 'HEAD', cache: 'no-store' }).then(() => true, () => false);

/** What a screen could not be loaded for: without a server it is that, and nothing is wrong with the page. */
export async function loadedOr<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (await reachable()) throw error; // a newer version is served: the router loads the page anew
    throw new ApiError(0, { title: 'offline', kind: 'offline' });
  }
}

/** A screen that did not come. It is asked for again with the whole page, but only once the server answers: a browser shows its own page instead of ours. */
export function Stalled({ error }: { error: unknown }) {
  const offline = errorKind(error) === 'offline';
  const again = () => void reachable().then((there) => { if (there) window.location.reload(); else failed(new ApiError(0, { title: 'offline', kind: 'offline' })); });
  useEffect(() => {
    if (!offline) return undefined;
    const timer = setInterval(() => void reachable().then((there) => { if (there) window.location.reload(); }), 5000);
    return () => clearInterval(timer);
  }, [offline]);
  return <Failure error={error} retry={again} />;
}
