import { Button } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useCan, useMe } from '@/api/session';
import type { Campaign } from '@/api/types';
import { micros } from '@/ui/format';
import { Facts, PageBody, PageHead, Tag } from '@/ui/parts';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { CampaignMenu } from './campaign-table';
import { FunnelChart } from './funnel';
import { usePeriod } from './period';
import { useCampaign, useCampaignState, useTriggers } from './queries';
import { next, tone, TriggerTable } from './trigger-table';
import css from './campaigns.module.css';

const route = getRouteApi('/campaigns/$id');

/** One campaign: how far people came, and what it is made of. */
export default function CampaignPage() {
  const { t } = useTranslation();
  const query = useCampaign(Number(route.useParams().id));
  const may = useCan('campaign');
  return (
    <PageBody>
      <Loaded query={query}>
        {(c) => (
          <>
            <PageHead title={c.name} action={<Actions c={c} may={may} />}><Link to="/triggers">{t('triggers.back')}</Link></PageHead>
            <div className={css.detail}>
              <section className={`panel ${css.step}`}><h2>{t('funnel.title')}</h2><FunnelChart funnel={c.funnel} goal={c.goal} /></section>
              <About c={c} />
            </div>
            <Parts c={c} may={may} />
          </>
        )}
      </Loaded>
    </PageBody>
  );
}

function Actions({ c, may }: { c: Campaign; may: boolean }) {
  const { t } = useTranslation();
  const change = useCampaignState();
  const first = next[c.state][0];
  return (
    <div className={css.actions}>
      {may && first && <Button variant={first === 'live' ? 'filled' : 'default'} loading={change.isPending} onClick={() => change.mutate({ id: c.id, state: first }, { onSuccess: () => told(t(`campaigns.now.${first}`)), onError: failed })}>{t(`triggers.make.${first}`)}</Button>}
      <CampaignMenu x={c} may={may} />
    </div>
  );
}

function About({ c }: { c: Campaign }) {
  const { t, i18n } = useTranslation();
  const period = usePeriod(useMe().data?.workspace.time_zone ?? 'UTC');
  return (
    <section className={`panel ${css.step}`}>
      <h2>{t('campaigns.about')}</h2>
      <Facts rows={[
        [t('triggers.state'), <Tag key="state" tone={tone[c.state]}>{t(`trigger_state.${c.state}`)}</Tag>],
        [t('campaigns.period'), period(c)],
        [t('campaigns.budget'), c.budget_micros === null ? t('campaigns.no_budget') : `${micros(c.budget_micros, i18n.language)} ${c.budget_currency}`],
        [t('funnel.goal'), c.goal || t('campaigns.any_goal')],
        [t('nav.templates'), c.templates.map((x) => x.name).join(', ')],
      ]} />
    </section>
  );
}

function Parts({ c, may }: { c: Campaign; may: boolean }) {
  const { t } = useTranslation();
  const query = useTriggers();
  return (
    <section className={css.section} aria-labelledby="parts-head">
      <h2 id="parts-head">{t('triggers.title')}</h2>
      <Loaded query={query}>
        {({ items }) => {
          const mine = items.filter((x) => x.campaign_id === c.id);
          return mine.length === 0 ? <div className="panel"><Empty title={t('campaigns.no_triggers')}>{t('campaigns.no_triggers_text')}</Empty></div> : <TriggerTable items={mine} may={may} />;
        }}
      </Loaded>
    </section>
  );
}
