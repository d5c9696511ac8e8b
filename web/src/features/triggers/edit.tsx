import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import { PageBody, PageHead } from '@/ui/parts';
import { Failure, Loaded } from '@/ui/states';
import { ApiError } from '@/api/errors';
import { failed, told } from '@/ui/toast';
import { TriggerForm } from './form';
import { newDraft, served, toDraft, toInput, type Draft } from './model';
import { useSaveTrigger, useTrigger, useTriggerState } from './queries';

const route = getRouteApi('/triggers/$id');

/** Makes a new trigger or changes one; what loads is not what edits. */
export default function EditTrigger() {
  const { t, i18n } = useTranslation();
  const param = route.useParams().id;
  const id = param === 'new' ? undefined : Number(param);
  const query = useTrigger(id);
  const campaign = useCan('campaign');
  const language = (served as readonly string[]).includes(i18n.language) ? i18n.language : 'en';
  return (
    <PageBody>
      <PageHead title={id === undefined ? t('triggers.new') : (query.data?.name ?? t('triggers.edit'))}><Link to="/triggers">{t('triggers.back')}</Link></PageHead>
      {!campaign ? <Failure error={new ApiError(403, {})} />
        : id === undefined ? <Edit id={undefined} start={newDraft(language)} live={false} />
        : <Loaded query={query}>{(trigger) => <Edit key={trigger.id} id={id} start={toDraft(trigger)} live={trigger.state === 'live'} />}</Loaded>}
    </PageBody>
  );
}

function Edit({ id, start, live }: { id: number | undefined; start: Draft; live: boolean }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [draft, setDraft] = useState(start);
  const save = useSaveTrigger(id);
  const state = useTriggerState();
  const submit = (goLive: boolean) =>
    save.mutate(toInput(draft), {
      onSuccess: async (made) => {
        if (goLive && !live) await state.mutateAsync({ id: made.id, state: 'live' }).catch(failed);
        told(t(goLive ? 'triggers.now.live' : 'triggers.saved'));
        void navigate({ to: '/triggers' });
      },
      onError: failed,
    });
  return <TriggerForm draft={draft} live={live} busy={save.isPending || state.isPending} error={save.error} onChange={(next) => setDraft((d) => ({ ...d, ...next }))} onSave={submit} />;
}
