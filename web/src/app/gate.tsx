import { Button, Group } from '@mantine/core';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { chosenWorkspace } from '@/api/client';
import { errorKind } from '@/api/errors';
import { useMe, useSignOut } from '@/api/session';
import { startLanguage } from '@/i18n';
import { Empty, Failure, Loading } from '@/ui/states';
import { Shell } from './shell';

const SignIn = lazy(() => import('@/features/session'));
const SetPassword = lazy(() => import('@/features/session/password'));

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

/** Shows the sign-in until somebody is signed in; the address is kept, so that a link leads where it should. */
export function Gate() {
  const me = useMe();
  const locale = me.data?.user.locale;
  const known = me.data !== undefined;
  const [spoken, setSpoken] = useState(false);
  useEffect(() => void startLanguage(locale).catch(() => undefined).then(() => { if (known) setSpoken(true); }), [locale, known]);

  if (window.location.pathname === '/password') return <Suspense fallback={null}><SetPassword /></Suspense>;
  if (me.isError && errorKind(me.error) === 'unauthorized') {
    return <Suspense fallback={null}><SignIn /></Suspense>;
  }
  if (me.isError && errorKind(me.error) === 'forbidden') return <Outside again={() => void me.refetch()} />;
  if (me.data && spoken) return <Shell me={me.data} />; // not in English first where another language is on its way
  if (me.isError) return <Failure error={me.error} retry={() => void me.refetch()} />;
  return <Loading rows={3} />;
}
