import { Alert, Button, CopyButton, Group, Modal, MultiSelect, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useChoices } from '@/api/desk';
import { ApiError } from '@/api/errors';
import type { NewWebhookEndpoint, WebhookEndpoint } from '@/api/types';
import { codeText } from '@/i18n';
import { failed, told } from '@/ui/toast';
import { useAddEndpoint, useSetEndpoint } from './webhook-queries';

/** The address that is told, and of what. A new one brings its secret. */
export function EndpointForm({ e, onClose }: { e?: WebhookEndpoint | undefined; onClose: (made?: NewWebhookEndpoint) => void }) {
  const { t } = useTranslation();
  const kinds = useChoices().data?.kinds ?? [];
  const add = useAddEndpoint();
  const set = useSetEndpoint();
  const [form, setForm] = useState({ url: e?.url ?? '', description: e?.description ?? '', kinds: e?.kinds ?? [] });
  const problem = add.error ?? set.error;
  const error = (name: string) => (problem instanceof ApiError ? problem.field(name) : undefined);
  // what stands beside its field is not said a second time
  const fail = (x: unknown) => { if (!(x instanceof ApiError && ['url', 'description', 'kinds'].some((f) => x.field(f)))) failed(x); };
  const submit = () => {
    const body = { ...form, url: form.url.trim() };
    if (e) set.mutate({ id: e.id, body }, { onSuccess: () => { told(t('act.saved')); onClose(); }, onError: fail });
    else add.mutate(body, { onSuccess: onClose, onError: fail });
  };
  return (
    <Modal opened onClose={() => onClose()} title={t(e ? 'webhooks.edit' : 'webhooks.add')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(x) => { x.preventDefault(); submit(); }}>
        <Stack gap="sm">
          <TextInput label={t('webhooks.url')} description={t('webhooks.url_text')} type="url" required maxLength={500} placeholder="https://" data-autofocus value={form.url} error={error('url')} onChange={(x) => setForm({ ...form, url: x.currentTarget.value })} />
          <TextInput label={t('webhooks.description')} maxLength={200} value={form.description} error={error('description')} onChange={(x) => setForm({ ...form, description: x.currentTarget.value })} />
          <MultiSelect label={t('webhooks.kinds')} description={t('webhooks.kinds_text')} searchable clearable value={form.kinds} error={error('kinds')} onChange={(v) => setForm({ ...form, kinds: v })} data={kinds.map((k) => ({ value: k, label: codeText('webhook_kind', k) }))} />
          <Group justify="flex-end"><Button variant="default" onClick={() => onClose()}>{t('act.cancel')}</Button><Button type="submit" loading={add.isPending || set.isPending} disabled={!form.url.trim()}>{t('act.save')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** The secret that signs what is sent; it is shown this once. */
export function Secret({ made, onClose }: { made: NewWebhookEndpoint; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened onClose={onClose} title={t('webhooks.secret')} closeOnClickOutside={false} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <Stack gap="sm">
        <Alert color="yellow" p="sm">{t('team.once')}</Alert>
        <TextInput readOnly aria-label={t('webhooks.secret')} value={made.secret} ff="monospace" onFocus={(x) => x.currentTarget.select()} />
        <p style={{ margin: 0 }}>{t('webhooks.secret_text')}</p>
        <Group justify="flex-end">
          <CopyButton value={made.secret}>{({ copied, copy }) => <Button variant="default" onClick={copy}>{t(copied ? 'act.copied' : 'act.copy')}</Button>}</CopyButton>
          <Button onClick={onClose}>{t('webhooks.kept_it')}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
