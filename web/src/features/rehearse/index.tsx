import { Button, Select } from '@mantine/core';
import { IconDeviceMobileOff } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, errorKind } from '@/api/errors';
import { useCan } from '@/api/session';
import { languageName } from '@/ui/format';
import { Tag } from '@/ui/parts';
import { Sep } from '@/ui/sep';
import { Empty, Failure, Loading } from '@/ui/states';
import { useCalls, useLiveStage, useStage, type Stage } from './control';
import { tries } from '@/ui/tries';
import { Disturb } from './disturb';
import { Phone } from './phone';
import css from './rehearse.module.css';

const route = getRouteApi('/rehearse');

/** Be the customer: comment, write, follow the link to WhatsApp, and watch what comes back. */
export default function Rehearse() {
  const { t } = useTranslation();
  const may = useCan('configure');
  const query = useStage(may);
  if (!may) return <Failure page error={new ApiError(403, {})} />;
  if (query.data) return <OnStage stage={query.data} />;
  if (query.isPending) return <Loading rows={6} />;
  if (errorKind(query.error) === 'not_found') return <Empty page title={t('rehearse.none')} icon={<IconDeviceMobileOff size={26} stroke={1.4} aria-hidden />}>{t('rehearse.none_text')}</Empty>;
  return <Failure page error={query.error} retry={() => void query.refetch()} />;
}

function OnStage({ stage }: { stage: Stage }) {
  const { t, i18n } = useTranslation();
  useLiveStage();
  const { say } = route.useSearch();
  const navigate = route.useNavigate();
  const [chosen, setChosen] = useState('');
  const english = stage.people.filter((p) => p.language === 'en');
  const person = stage.people.find((p) => p.id === chosen) ?? (say === 'rude' ? english[1] : say === 'info' ? english[0] : undefined) ?? stage.people[0];
  if (!person) return <Empty title={t('rehearse.nobody')}>{t('rehearse.nobody_text')}</Empty>;
  return (
    <div className={css.screen}>
      <div className={css.left}>
        <h1>{t('rehearse.title')}</h1>
        <p>{t('rehearse.lead')}</p>
        <Select label={t('rehearse.person')} searchable value={person.id} onChange={(v) => setChosen(v ?? '')} data={stage.people.map((p) => ({ value: p.id, label: [p.name, languageName(p.language, i18n.language)].filter(Boolean).join(', ') }))} />
        <div className={css.tries} role="group" aria-label={t('rehearse.try')}>
          <span>{t('rehearse.try')}</span>
          {(['rude', 'info'] as const).map((x) => <Button key={x} size="compact-sm" variant={say === x ? 'light' : 'default'} onClick={() => { setChosen(''); void navigate({ search: { say: x } }); }}>{t(`rehearse.tries.${x}`)}</Button>)}
        </div>
        <ol className={css.steps}>
          <li>{t('rehearse.step.comment')}</li>
          <li>{t('rehearse.step.answer')}</li>
          <li>{t('rehearse.step.link')}</li>
          <li>{t('rehearse.step.desk')} <Link to="/inbox" search={{ view: 'all' }}>{t('nav.inbox')}</Link>, <Link to="/moderation" search={{ queue: 'all' }}>{t('nav.moderation')}</Link></li>
        </ol>
        <Disturb accounts={stage.accounts} />
      </div>
      <Phone key={`${person.id} ${say ?? ''}`} stage={stage} person={person} say={say ? tries[say] : ''} />
      <aside tabIndex={0} className={`panel ${css.side} ${css.right}`} aria-label={t('rehearse.wire')}><h2>{t('rehearse.wire')}</h2><Wire /></aside>
    </div>
  );
}

/** What ponte asked of the network, newest first. */
function Wire() {
  const { t } = useTranslation();
  const calls = useCalls().data ?? [];
  if (calls.length === 0) return <small>{t('rehearse.quiet')}</small>;
  return (
    <ul className={css.wire}>
      {[...calls].reverse().slice(0, 30).map((c, i) => (
        <li key={i}><Tag tone={c.status < 300 ? 'good' : 'bad'}>{c.status}</Tag><code>{c.method} {c.path.replace(/\?$/, '')}{c.code ? <><Sep />{c.code}</> : ''}</code></li>
      ))}
    </ul>
  );
}
