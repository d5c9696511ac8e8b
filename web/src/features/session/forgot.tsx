import { Alert, Anchor, Button, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import { errorKind } from '@/api/errors';
import type { Language } from '@/i18n';
import { Card } from './card';

/** Asks for a link by e-mail, or says whom to ask where the server sends none. */
export function Forgot({ email: typed, byEmail, onBack }: { email: string; byEmail: boolean; onBack: () => void }) {
  const { t, i18n } = useTranslation();
  const [email, setEmail] = useState(typed);
  const ask = useMutation({ mutationFn: () => unwrap(api.POST('/auth/forgot', { body: { email: email.trim(), language: i18n.language as Language } })) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask.mutate();
  };
  const back = <Anchor component="button" type="button" size="sm" onClick={onBack}>{t('session.back')}</Anchor>;
  if (!byEmail) return <Card title={t('session.forgot')} lead={t('session.ask_admin')} onSubmit={submit}><Stack mt="md">{back}</Stack></Card>;
  return (
    <Card title={t('session.forgot')} lead={t('session.forgot_lead')} onSubmit={submit}>
      <Stack gap="sm" mt="md">
        {ask.isSuccess && <Alert color="green" role="status" p="xs">{t('session.forgot_sent')}</Alert>}
        {ask.isError && <Alert color="red" role="alert" p="xs">{t(errorKind(ask.error) === 'too_many' ? 'session.error.too_many' : 'session.error.other')}</Alert>}
        <TextInput label={t('session.email')} type="email" name="email" autoComplete="username" required autoFocus value={email} onChange={(e) => setEmail(e.currentTarget.value)} />
        <Button type="submit" fullWidth loading={ask.isPending}>{t('session.send_link')}</Button>
        {back}
      </Stack>
    </Card>
  );
}
