import { Select } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import type { BotFlow, Workspace } from '@/api/types';
import { failed, told } from '@/ui/toast';
import css from './flows.module.css';

/** Which of the published flows welcomes where no start holds. */
export function DefaultFlow({ flows }: { flows: readonly BotFlow[] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const workspace = useQuery({ queryKey: ['workspace'], queryFn: () => unwrap<Workspace>(api.GET('/workspace')) });
  const save = useMutation({
    mutationFn: ({ w: { id: _id, ...rest }, flow }: { w: Workspace; flow: number }) => unwrap<Workspace>(api.PUT('/workspace', { body: { ...rest, settings: { default_flow: flow } } })),
    onSuccess: () => told(t('act.saved')),
    onError: failed,
    onSettled: () => client.invalidateQueries({ queryKey: ['workspace'] }),
  });
  const w = workspace.data;
  if (!w) return null;
  const now = Number(w.settings['default_flow'] ?? 0);
  const data = [{ value: '0', label: t('flows.default_none') }, ...flows.filter((f) => f.live_number || f.id === now).map((f) => ({ value: String(f.id), label: f.name }))];
  return (
    <Select className={css.default ?? ''} label={t('flows.default')} description={t('flows.default_text')} allowDeselect={false} disabled={save.isPending} value={String(now)} data={data}
      onChange={(v) => { if (v !== null && Number(v) !== now) save.mutate({ w, flow: Number(v) }); }} />
  );
}
