import { lazy, Suspense, useEffect, useState } from 'react';
import { errorKind } from '@/api/errors';
import { useMe } from '@/api/session';
import { startLanguage } from '@/i18n';
import { Failure, Loading } from '@/ui/states';
import { Shell } from './shell';

const SignIn = lazy(() => import('@/features/session'));
const SetPassword = lazy(() => import('@/features/session/password'));

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
  if (me.data && spoken) return <Shell me={me.data} />; // not in English first where another language is on its way
  if (me.isError) return <Failure error={me.error} retry={() => void me.refetch()} />;
  return <Loading rows={3} />;
}
