import { Alert, Button, Code, CopyButton, Group, Modal, PasswordInput, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { Ago, Tag } from '@/ui/parts';
import { Sep } from '@/ui/sep';
import { Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { useConfirmFactor, useEnrol, useFactorOff, useSecondFactor } from './queries';

/** Switches the second factor on and off. */
export function Factor() {
  const { t } = useTranslation();
  const query = useSecondFactor();
  const [dialog, setDialog] = useState<'on' | 'off' | undefined>();
  const close = () => setDialog(undefined);
  return (
    <Loaded query={query} rows={1}>
      {(f) => (
        <>
          <Group justify="space-between">
            <div>
              <Tag tone={f.on ? 'good' : 'plain'}>{t(f.on ? 'profile.factor_on' : 'profile.factor_off')}</Tag>
              {f.on && f.since && <p style={{ margin: '6px 0 0', color: 'var(--mantine-color-dimmed)' }}><Ago at={f.since} /><Sep />{t('profile.codes_left', { count: f.codes_left })}</p>}
            </div>
            <Button variant="default" onClick={() => setDialog(f.on ? 'off' : 'on')}>{t(f.on ? 'profile.switch_off' : 'profile.switch_on')}</Button>
          </Group>
          {dialog === 'on' && <SwitchOn onClose={close} />}
          {dialog === 'off' && <SwitchOff onClose={close} />}
        </>
      )}
    </Loaded>
  );
}

function SwitchOn({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const enrol = useEnrol();
  const confirm = useConfirmFactor();
  const [code, setCode] = useState('');
  const codes = confirm.data?.codes;
  const error = confirm.error instanceof ApiError ? confirm.error.field('code') : undefined;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    confirm.mutate(code, { onError: (err) => { if (!(err instanceof ApiError && err.field('code'))) failed(err); } });
  };
  return (
    <Modal opened onClose={onClose} title={t('profile.switch_on')} closeButtonProps={{ 'aria-label': t('act.close') }} closeOnClickOutside={!codes} closeOnEscape={!codes} withCloseButton={!codes}>
      {codes ? (
        <Stack gap="sm">
          <Alert color="yellow" p="sm">{t('profile.codes_once')}</Alert>
          <SimpleGrid cols={2} spacing={6}>{codes.map((c) => <Code key={c}>{c}</Code>)}</SimpleGrid>
          <Group justify="flex-end">
            <CopyButton value={codes.join('\n')}>{({ copied, copy }) => <Button variant="default" onClick={copy}>{t(copied ? 'act.copied' : 'act.copy')}</Button>}</CopyButton>
            <Button onClick={onClose}>{t('profile.codes_kept')}</Button>
          </Group>
        </Stack>
      ) : enrol.data ? (
        <form onSubmit={submit}>
          <Stack gap="sm">
            <p style={{ margin: 0 }}>{t('profile.scan')}</p>
            <img src={enrol.data.picture} alt={t('profile.qr')} width={220} height={220} style={{ alignSelf: 'center', background: 'white', padding: 8, borderRadius: 8 }} />
            <TextInput readOnly label={t('profile.secret')} value={enrol.data.secret} ff="monospace" onFocus={(e) => e.currentTarget.select()} />
            <TextInput label={t('session.code')} inputMode="numeric" autoComplete="one-time-code" required data-autofocus value={code} error={error} onChange={(e) => setCode(e.currentTarget.value)} />
            <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" loading={confirm.isPending}>{t('profile.switch_on')}</Button></Group>
          </Stack>
        </form>
      ) : (
        <Stack gap="sm">
          <p style={{ margin: 0 }}>{t('profile.factor_lead')}</p>
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button loading={enrol.isPending} data-autofocus onClick={() => enrol.mutate(undefined, { onError: failed })}>{t('profile.begin')}</Button></Group>
        </Stack>
      )}
    </Modal>
  );
}

function SwitchOff({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const off = useFactorOff();
  const [password, setPassword] = useState('');
  const submit = (e: FormEvent) => {
    e.preventDefault();
    off.mutate(password, { onSuccess: () => { told(t('act.saved')); onClose(); }, onError: (err) => { if (!(err instanceof ApiError && err.field('password'))) failed(err); } });
  };
  return (
    <Modal opened onClose={onClose} title={t('profile.switch_off')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <PasswordInput label={t('session.password')} autoComplete="current-password" required data-autofocus error={off.error instanceof ApiError && off.error.field('password') ? t('profile.wrong_password') : undefined} value={password} onChange={(e) => setPassword(e.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('session.show') }} />
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button color="red" type="submit" loading={off.isPending}>{t('profile.switch_off')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
