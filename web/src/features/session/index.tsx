import { Alert, Anchor, Button, Divider, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import { ApiError, errorKind } from '@/api/errors';
import type { SignInMethods } from '@/api/types';
import { Card } from './card';
import { Forgot } from './forgot';

/** Who are you? The address stays as it is, so that afterwards the wanted screen opens. */
export default function SignIn() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const methods = useQuery({ queryKey: ['sign-in-methods'], queryFn: () => unwrap<SignInMethods>(api.GET('/auth/methods')), staleTime: Infinity }).data;
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [forgot, setForgot] = useState(false);
  // The second step stays while its code is on the way, and where no answer comes.
  const [asksCode, setAsksCode] = useState(false);
  const [refused] = useState(refusedByProvider);
  useEffect(() => { // told once: the address is where they go afterwards, and comes back to the provider
    const address = new URL(window.location.href);
    address.searchParams.delete('sign_in');
    if (refused) window.history.replaceState(window.history.state, '', address);
  }, [refused]);
  const signIn = useMutation({
    mutationFn: (typed: string) => unwrap(api.POST('/auth/sign-in', { body: { email: email.trim(), password, ...(typed ? { code: typed } : {}) } })),
    onSuccess: () => client.refetchQueries({ queryKey: ['me'] }),
    onError: (error) => { if (error instanceof ApiError && error.field('code') !== undefined) setAsksCode(true); },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate(code.trim());
  };
  if (forgot) return <Forgot email={email} byEmail={methods?.email ?? false} onBack={() => setForgot(false)} />;
  const wantsCode = signIn.error instanceof ApiError && signIn.error.field('code') !== undefined;
  const error = signIn.isError ? (wantsCode ? (signIn.variables ? 'wrong_code' : undefined) : wording(signIn.error)) : signIn.isIdle ? refused : undefined;
  return (
    <Card title={t(asksCode ? 'session.code_title' : 'session.title')} lead={t(asksCode ? 'session.code_lead' : 'session.lead')} onSubmit={submit}>
      <Stack gap="sm" mt="md">
        {error && <Alert color="red" role="alert" p="xs">{t(`session.error.${error}`)}</Alert>}
        {asksCode ? (
          <TextInput key="code" label={t('session.code')} name="code" autoComplete="one-time-code" required autoFocus value={code} onChange={(e) => setCode(e.currentTarget.value)} />
        ) : (
          <>
            <TextInput label={t('session.email')} type="email" name="email" autoComplete="username" required autoFocus value={email} onChange={(e) => setEmail(e.currentTarget.value)} />
            <PasswordInput label={t('session.password')} name="password" autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('session.show') }} />
          </>
        )}
        <Button type="submit" fullWidth mt={4} loading={signIn.isPending}>{t('session.submit')}</Button>
        {asksCode
          ? <Anchor component="button" type="button" size="sm" onClick={() => { setCode(''); setPassword(''); setAsksCode(false); signIn.reset(); }}>{t('session.other_account')}</Anchor>
          : <Anchor component="button" type="button" size="sm" onClick={() => setForgot(true)}>{t('session.forgot')}</Anchor>}
        {methods?.provider && !asksCode && (
          <>
            <Divider label={t('session.or')} />
            <Button component="a" variant="default" fullWidth href={`/auth/oidc/start?back=${encodeURIComponent(window.location.pathname + window.location.search + window.location.hash)}`}>{t('session.with', { name: methods.provider })}</Button>
          </>
        )}
      </Stack>
    </Card>
  );
}

function wording(error: unknown): 'wrong' | 'too_many' | 'offline' | 'other' {
  const kind = errorKind(error);
  if (kind === 'unauthorized' || kind === 'invalid' || kind === 'forbidden') return 'wrong';
  if (kind === 'too_many' || kind === 'offline') return kind;
  return 'other';
}

/** Whoever comes back from the identity provider with a refusal reads why. */
function refusedByProvider(): 'stranger' | 'provider' | 'provider_down' | undefined {
  const kind = new URLSearchParams(window.location.search).get('sign_in');
  if (kind === null) return undefined;
  if (kind === 'unavailable') return 'provider_down';
  return kind === 'forbidden' ? 'stranger' : 'provider';
}
