import { Button, SegmentedControl, TagsInput } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useLabelList } from '@/api/desk';
import { useCan } from '@/api/session';
import type { ConversationDetail } from '@/api/types';
import { ConsentStates } from '@/ui/consent';
import { micros } from '@/ui/format';
import { Journey } from '@/ui/journey';
import { Ago, ChannelMark, Facts } from '@/ui/parts';
import { Identity } from '@/ui/identity';
import { PersonFacts } from '@/ui/person';
import { PersonBookings } from '@/ui/person-bookings';
import { Sep } from '@/ui/sep';
import { Loading } from '@/ui/states';
import { failed } from '@/ui/toast';
import { isHarmful, VeiledLine } from '@/ui/veil';
import { Preview } from '@/ui/words';
import css from './inbox.module.css';
import { LabelName } from './label-name';
import { useLabels } from './queries';
import { calledIn } from './talk';

const route = getRouteApi('/inbox');
const Timeline = lazy(() => import('@/ui/timeline').then((m) => ({ default: m.Timeline })));

export type Panel = 'person' | 'timeline';
interface Props { c: ConversationDetail; panel: Panel; onPanel: (p: Panel) => void; onOpen: (id: number) => void; onJump?: () => void }

/** The person, or everything that was said and done with them. */
export function ContactPanel({ c, panel, onPanel, onOpen, onJump }: Props) {
  const { t } = useTranslation();
  const view = route.useSearch().view ?? 'waiting';
  return (
    <>
      <div className={css.section}><SegmentedControl fullWidth size="xs" aria-label={t('inbox.panel.label')} value={panel} onChange={(v) => onPanel(v as Panel)} data={(['person', 'timeline'] as const).map((v) => ({ value: v, label: t(`inbox.panel.${v}`) }))} /></div>
      {panel === 'person' ? <PersonPanel c={c} onOpen={onOpen} /> : (
        <section className={css.section} aria-label={t('timeline.title')}><Suspense fallback={<Loading rows={6} />}><Timeline contact={c.contact.id} beside={['conversation', c.id]} view={view} {...(onJump ? { onJump } : {})} /></Suspense></section>
      )}
    </>
  );
}

/** Who they are on each network and how we know, what they agreed to, how they came here. */
function PersonPanel({ c, onOpen }: { c: ConversationDetail; onOpen: (id: number) => void }) {
  const { t } = useTranslation();
  const converse = useCan('converse');
  const labels = useLabels(c.id);
  const known = useLabelList().data?.items ?? [];
  return (
    <>
      <section className={css.section}>
        <h3>{t('inbox.contact')}</h3>
        <PersonFacts person={c.person} language={c.language} before={[[t('contact.name'), <Link key="n" to="/contacts/$id" params={{ id: String(c.contact.id) }} dir="auto">{calledIn(c)}</Link>]]} />
      </section>
      <section className={css.section}>
        <h3>{t('contact.conversation')}</h3>
        <Facts rows={[[t('contact.team'), c.team]]} />
        <TagsInput size="xs" label={t('contact.labels')} value={c.labels} readOnly={!converse} data={known.map((l) => l.name)} renderOption={({ option }) => <LabelName name={option.value} />} onChange={(next) => labels.mutate(next, { onError: failed })} />
      </section>
      <section className={css.section}>
        <h3>{t('contact.identities')}</h3>
        <ul className="entries">{c.identities.map((i) => <Identity key={i.id} i={i} />)}</ul>
      </section>
      <section className={css.section}>
        <h3>{t('contact.consent')}</h3>
        <ConsentStates contact={c.contact.id} states={c.consent} />
      </section>
      <section className={css.section}>
        <h3>{t('person.bookings')}</h3>
        <PersonBookings contact={c.contact.id} />
      </section>
      <section className={css.section}>
        <h3>{t('inbox.cost.title')}</h3>
        <Cost cost={c.cost} />
      </section>
      <section className={css.section}>
        <h3>{t('contact.journey')}</h3>
        <Journey steps={c.journey} />
        <Link to="/moderation" search={{ queue: 'all', contact: c.contact.id }} style={{ fontSize: '0.8125rem', display: 'inline-block', marginTop: 8 }}>{t('contact.comments')}</Link>
      </section>
      {c.earlier.length > 0 && (
        <section className={css.section}>
          <h3>{t('contact.earlier')}</h3>
          <ul className="entries">
            {c.earlier.map((e) => <li key={e.id}><ChannelMark channel={e.channel} /><div><Button variant="transparent" p={0} h="auto" maw="100%" onClick={() => onOpen(e.id)}><span className="clip" dir="auto">{e.preview ? <VeiledLine harmful={isHarmful(e.preview_harm)}><Preview text={e.preview} /></VeiledLine> : t('inbox.no_text')}</span></Button><small><Ago at={e.opened_at} /></small></div></li>)}
          </ul>
        </section>
      )}
    </>
  );
}

/** What the messages of the conversation cost. What is not known is said, never taken for nothing. */
function Cost({ cost }: { cost: ConversationDetail['cost'] }) {
  const { t, i18n } = useTranslation();
  const free = cost.messages === 0 && cost.unknown === 0 && cost.other_currency === 0;
  if (free) return <p className={css.costLine}>{t('inbox.cost.none')}</p>;
  return (
    <>
      {cost.messages > 0 && <p className={css.costLine}><strong>{micros(cost.micros, i18n.language)} {cost.currency}</strong><Sep />{t('inbox.cost.messages', { count: cost.messages })}</p>}
      {cost.unknown > 0 && <p className={css.costLine}>{t('inbox.cost.unknown', { count: cost.unknown })}</p>}
      {cost.other_currency > 0 && <p className={css.costLine}>{t('inbox.cost.other', { count: cost.other_currency })}</p>}
    </>
  );
}
