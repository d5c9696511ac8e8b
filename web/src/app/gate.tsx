import { Button, Group } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useLayoutEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Me } from '@/api/types';
import { chosenWorkspace, restSignedOut } from '@/api/client';
import { errorKind } from '@/api/errors';
import { useMe, useSignOut } from '@/api/session';
import { startLanguage } from '@/i18n';
import { Empty, Failure, Loading } from '@/ui/states';
import css from './gate.module.css';
import { Shell } from './shell';

const SignIn = lazy(() => import('@/features/session'));
const SetPassword = lazy(() => import('@/features/session/password'));

// Under the sign-in dialogs stay as they are: their own listeners for Escape, added later than this one, hear nothing of it.
window.addEventListener('keydown', (e) => {
  if (e.key === 'Escape' && document.body.hasAttribute('data-ended')) e.stopImmediatePropagation();
}, true);

/** Signed in, but a member of nothing any more, or not of the workspace that this browser had chosen: then of another. */
function Outside({ again }: { again: () => void }) {
  const { t } = useTranslation();
  const signOut = useSignOut();
  const chosen = chosenWorkspace.get() !== '';
  useEffect(() => {
    if (!chosen) return;
    chosenWorkspace.forget();
    again();
  }, [chosen, again]);
  if (chosen) return <Loading rows={3} />;
  return (
    <main>
      <Empty title={t('session.outside')} action={<Group><Button variant="default" onClick={again}>{t('state.retry')}</Button><Button onClick={() => signOut.mutate()}>{t('user.sign_out')}</Button></Group>}>{t('session.outside_text')}</Empty>
    </main>
  );
}

/**
 * The frame, and over it the sign-in where the session has ended while somebody was at work: what they were writing stays
 * where it is, out of sight and out of reach, and is there again for them alone.
 */
function Kept({ me, ended }: { me: Me; ended: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  useLayoutEffect(() => {
    if (!ended) return undefined;
    document.body.setAttribute('data-ended', '');
    restSignedOut(true);
    return () => {
      document.body.removeAttribute('data-ended');
      restSignedOut(false);
      void client.invalidateQueries({ predicate: (q) => q.queryKey[0] !== 'me' });
    };
  }, [ended, client]);
  return (
    <>
      <div className={css.frame} inert={ended}><Shell me={me} ended={ended} /></div>
      {ended && <div className={css.over} role="dialog" aria-modal="true" aria-label={t('session.title')}><Suspense fallback={null}><SignIn /></Suspense></div>}
    </>
  );
}

/** Shows the sign-in until somebody is signed in; the address is kept, so that a link leads where it should. */
export function Gate() {
  const me = useMe();
  const locale = me.data?.user.locale;
  const known = me.data !== undefined;
  const [spoken, setSpoken] = useState(false);
  const [mine, setMine] = useState<number>(); // whose work this page holds
  const user = me.data?.user.id;
  if (mine === undefined && user !== undefined) setMine(user);
  const other = mine !== undefined && user !== undefined && user !== mine;
  const unknown = me.isError && errorKind(me.error) === 'unauthorized';
  const [ended, setEnded] = useState(false); // until somebody is signed in again, and not only until the next answer fails otherwise
  if (unknown && !ended) setEnded(true);
  if (me.isSuccess && ended) setEnded(false);
  useEffect(() => { if (other) window.location.reload(); }, [other]); // nothing of the one before is left for the next
  useEffect(() => void startLanguage(locale).catch(() => undefined).then(() => { if (known) setSpoken(true); }), [locale, known]);

  if (window.location.pathname === '/password') return <Suspense fallback={null}><SetPassword /></Suspense>;
  if (other) return <Loading rows={3} />;
  if (ended && !(me.data && spoken)) {
    return <Suspense fallback={null}><SignIn /></Suspense>;
  }
  if (me.isError && errorKind(me.error) === 'forbidden') return <Outside again={() => void me.refetch()} />;
  if (me.data && spoken) return <Kept me={me.data} ended={ended} />; // not in English first where another language is on its way
  if (me.isError) return <Failure error={me.error} retry={() => void me.refetch()} />;
  return <Loading rows={3} />;
}
