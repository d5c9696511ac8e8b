import { Button, Group } from '@mantine/core';
import { IconPlus, IconRefresh } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import { PageBody, PageHead } from '@/ui/parts';
import { Views } from '@/ui/rows';
import { failed, told } from '@/ui/toast';
import { Drafts } from './drafts';
import { Listed } from './listed';
import { call, useChange } from './queries';
import { Ready } from './ready';

const route = getRouteApi('/templates');
const views = ['written', 'meta', 'ready'] as const;

/** WhatsApp templates: those that are written here, what Meta says of them, and ready-made ones to begin with. */
export default function Templates() {
  const { t } = useTranslation();
  const view = route.useSearch().view ?? 'written';
  const navigate = route.useNavigate();
  const campaign = useCan('campaign');
  const configure = useCan('configure');
  const sync = useChange(call.sync);
  const actions = (
    <Group gap="xs">
      {configure && <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} loading={sync.isPending} onClick={() => sync.mutate(undefined, { onSuccess: (r) => told(t('templates.synced', { count: r.templates })), onError: failed })}>{t('templates.sync')}</Button>}
      {campaign && <Button renderRoot={(props) => <Link {...props} to="/templates/$id" params={{ id: 'new' }} />} leftSection={<IconPlus size={16} aria-hidden />}>{t('templates.new')}</Button>}
    </Group>
  );
  return (
    <PageBody>
      <PageHead title={t('templates.title')} action={actions}>{t('templates.lead')}</PageHead>
      <Views of={t('templates.title')} value={view} views={views.map((v) => ({ value: v, label: t(`templates.view.${v}`) }))} onView={(v) => void navigate({ search: { view: v === 'written' ? undefined : v } })} />
      {view === 'written' ? <Drafts /> : view === 'meta' ? <Listed /> : <Ready />}
    </PageBody>
  );
}
