import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { useCan, useMe } from '@/api/session';
import { PageBody, PageHead } from '@/ui/parts';
import { Failure, Loaded } from '@/ui/states';
import { newDraft, served, toDraft } from './model';
import { useTrigger } from './queries';
import { Wizard } from './wizard';

const route = getRouteApi('/triggers/$id');

/** Makes a new trigger or changes one; what loads is not what edits. */
export default function EditTrigger() {
  const { t, i18n } = useTranslation();
  const param = route.useParams().id;
  const id = param === 'new' ? undefined : Number(param);
  const query = useTrigger(id);
  const me = useMe();
  const may = useCan('campaign');
  const zone = me.data?.workspace.time_zone ?? 'UTC';
  const language = (served as readonly string[]).includes(i18n.language) ? i18n.language : 'en';
  return (
    <PageBody>
      <PageHead title={id === undefined ? t('triggers.new') : (query.data?.name ?? t('triggers.edit'))}><Link to="/triggers">{t('triggers.back')}</Link></PageHead>
      {!may ? <Failure error={new ApiError(403, {})} />
        : id === undefined ? <Wizard key="new" id={undefined} workspace={me.data?.workspace.id ?? 0} start={newDraft(language, zone)} live={false} />
        : <Loaded query={query}>{(x) => <Wizard key={x.id} id={id} workspace={me.data?.workspace.id ?? 0} start={toDraft(x, zone)} live={x.state === 'live'} funnel={x.funnel} />}</Loaded>}
    </PageBody>
  );
}
