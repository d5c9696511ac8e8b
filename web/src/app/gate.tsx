import { lazy, Suspense, useEffect } from 'react';
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
  useEffect(() => void startLanguage(locale), [locale]);

  if (window.location.pathname === '/password') return <Suspense fallback={null}><SetPassword /></Suspense>;
  if (me.isError && errorKind(me.error) === 'unauthorized') {
    return <Suspense fallback={null}><SignIn /></Suspense>;
  }
  if (me.data) return <Shell me={me.data} />;
  if (me.isError) return <Failure error={me.error} retry={() => void me.refetch()} />;
  return <Loading rows={3} />;
}
