import { Button, Group, Select, TextInput } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { useAccounts } from '@/api/overview';
import { useCan, useMe } from '@/api/session';
import { languageName } from '@/ui/format';
import { useKeptWork } from '@/ui/kept';
import { channelNames, PageBody, PageHead } from '@/ui/parts';
import { Failure, Loaded } from '@/ui/states';
import { failed } from '@/ui/toast';
import { Editor } from './editor';
import { emptyDefinition, languageCodes } from './model';
import { call, useChange, useDraft } from './queries';
import css from './templates.module.css';

const route = getRouteApi('/templates/$id');

/** Writes a template: a name and a language first, then its text. */
export default function EditTemplate() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  return id === 'new' ? <NewTemplate /> : <PageBody><Existing key={id} id={Number(id)} back={<Link to="/templates">{t('templates.back')}</Link>} /></PageBody>;
}

function Existing({ id, back }: { id: number; back: React.ReactNode }) {
  const query = useDraft(id);
  return <Loaded query={query}>{(d) => <Editor key={`${d.id}:${d.version}`} draft={d} back={back} />}</Loaded>;
}

function NewTemplate() {
  const { t, i18n } = useTranslation();
  const may = useCan('campaign');
  const navigate = route.useNavigate();
  const numbers = (useAccounts().data?.items ?? []).filter((a) => a.channel === 'whatsapp' && a.state !== 'removed');
  const workspace = useMe().data?.workspace.id ?? 0;
  const { work, setWork, drop } = useKeptWork(`template.new.${workspace}`, { name: '', language: i18n.language.slice(0, 2), account: 0 }, 'new');
  const { name, language } = work;
  const account = numbers.find((a) => a.id === work.account)?.id ?? numbers[0]?.id ?? 0;
  const add = useChange(call.add);
  const field = (f: string) => (add.error instanceof ApiError ? add.error.field(f) : undefined);
  if (!may) return <PageBody><Failure error={new ApiError(403, {})} /></PageBody>;
  return (
    <PageBody>
      <PageHead title={t('templates.new')}><Link to="/templates">{t('templates.back')}</Link></PageHead>
      <form className={`panel ${css.fields}`} onSubmit={(e) => {
        e.preventDefault();
        add.mutate({ account_id: account, name, language, definition: emptyDefinition }, { onSuccess: (d) => { drop(); void navigate({ to: '/templates/$id', params: { id: String(d.id) } }); }, onError: (err) => { if (!(err instanceof ApiError && err.problem.errors?.length)) failed(err); } });
      }}>
        <div className={css.two}>
          <TextInput label={t('templates.name')} description={t('templates.name_text')} required value={name} error={field('name')} onChange={(e) => setWork({ ...work, name: e.currentTarget.value })} data-autofocus />
          <Select label={t('templates.language')} description={t('templates.language_text')} value={language} error={field('language')} onChange={(v) => setWork({ ...work, language: v ?? 'en' })} searchable allowDeselect={false}
            data={languageCodes.map((l) => ({ value: l, label: `${languageName(l.replace('_', '-'), i18n.language)} (${l})` }))} />
          <Select label={t('templates.number')} value={account ? String(account) : null} error={field('account_id') ?? (numbers.length === 0 ? t('templates.no_number') : undefined)} onChange={(v) => setWork({ ...work, account: Number(v) })} allowDeselect={false} data={numbers.map((a) => ({ value: String(a.id), label: a.name || a.phone || channelNames.whatsapp }))} />
        </div>
        <Group justify="flex-end"><Button type="submit" loading={add.isPending} disabled={!name.trim() || account === 0}>{t('templates.begin')}</Button></Group>
      </form>
    </PageBody>
  );
}
