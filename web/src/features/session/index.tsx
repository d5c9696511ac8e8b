import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import { errorKind } from '@/api/errors';
import css from './session.module.css';

/** Who are you? The address stays as it is, so that afterwards the wanted screen opens. */
export default function SignIn() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useMutation({
    mutationFn: () => unwrap(api.POST('/auth/sign-in', { body: { email: email.trim(), password } })),
    onSuccess: () => client.resetQueries({ queryKey: ['me'] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <main className={css.page}>
      <form className={css.card} onSubmit={submit} aria-labelledby="sign-in-title">
        <div className={css.mark}><img src="/icon.svg" alt="" /><span>ponte</span></div>
        <h1 id="sign-in-title">{t('session.title')}</h1>
        <p>{t('session.lead')}</p>
        <Stack gap="sm" mt="md">
          {signIn.isError && <Alert color="red" role="alert" p="xs">{t(`session.error.${wording(signIn.error)}`)}</Alert>}
          <TextInput label={t('session.email')} type="email" name="email" autoComplete="username" required autoFocus value={email} onChange={(e) => setEmail(e.currentTarget.value)} />
          <PasswordInput label={t('session.password')} name="password" autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('session.show') }} />
          <Button type="submit" fullWidth mt={4} loading={signIn.isPending}>{t('session.submit')}</Button>
        </Stack>
      </form>
    </main>
  );
}

function wording(error: unknown): 'wrong' | 'too_many' | 'offline' | 'other' {
  const kind = errorKind(error);
  if (kind === 'unauthorized' || kind === 'invalid' || kind === 'forbidden') return 'wrong';
  if (kind === 'too_many' || kind === 'offline') return kind;
  return 'other';
}
