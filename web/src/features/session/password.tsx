import { Alert, Button, PasswordInput, Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import { ApiError, errorKind } from '@/api/errors';
import { Card } from './card';

/** Sets a password with a link; the link's token stands after #, where no server's log sees it. */
export default function SetPassword() {
  const { t } = useTranslation();
  const [password, setPassword] = useState('');
  const [token] = useState(() => window.location.hash.slice(1));
  const set = useMutation({ mutationFn: () => unwrap(api.POST('/auth/password', { body: { token, password } })) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set.mutate();
  };
  const field = set.error instanceof ApiError ? set.error.field('password') : undefined;
  if (set.isSuccess) {
    return <Card title={t('session.password_set')} lead={t('session.password_set_lead')} onSubmit={submit}><Button component="a" href="/" fullWidth mt="md">{t('session.submit')}</Button></Card>;
  }
  return (
    <Card title={t('session.new_password')} lead={t('session.new_password_lead')} onSubmit={submit}>
      <Stack gap="sm" mt="md">
        {set.isError && !field && <Alert color="red" role="alert" p="xs">{t(errorKind(set.error) === 'not_found' ? 'session.error.link' : 'session.error.other')}</Alert>}
        <PasswordInput label={t('session.new_password')} name="password" autoComplete="new-password" required minLength={10} autoFocus error={field} value={password} onChange={(e) => setPassword(e.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('session.show') }} />
        <Button type="submit" fullWidth loading={set.isPending}>{t('act.save')}</Button>
      </Stack>
    </Card>
  );
}
