import { Button } from '@mantine/core';
import { IconBolt, IconPlus, IconSpeakerphone } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import { PageBody, PageHead } from '@/ui/parts';
import { Empty, Loaded } from '@/ui/states';
import { CampaignForm } from './campaign-form';
import { CampaignTable } from './campaign-table';
import { useCampaigns, useTriggers } from './queries';
import { TriggerTable } from './trigger-table';
import css from './campaigns.module.css';

/** Campaigns and the triggers they are made of: state, period, and what came of each. */
export default function Campaigns() {
  const { t } = useTranslation();
  const triggers = useTriggers();
  const campaigns = useCampaigns();
  const may = useCan('campaign');
  const [making, setMaking] = useState(false);
  const create = may && <Button renderRoot={(props) => <Link {...props} to="/triggers/$id" params={{ id: 'new' }} />} leftSection={<IconPlus size={16} aria-hidden />}>{t('triggers.new')}</Button>;
  const bundle = may && <Button variant="default" leftSection={<IconSpeakerphone size={16} aria-hidden />} onClick={() => setMaking(true)}>{t('campaigns.new')}</Button>;
  return (
    <PageBody>
      <PageHead title={t('campaigns.title')} action={<div className={css.actions}>{bundle}{create}</div>}>{t('campaigns.lead')}</PageHead>
      <section aria-labelledby="campaigns-head" className={css.section}>
        <h2 id="campaigns-head">{t('campaigns.campaigns')}</h2>
        <Loaded query={campaigns} rows={2}>
          {({ items }) => items.length === 0 ? <p className={css.hint}>{t('campaigns.none_text')}</p> : <CampaignTable items={items} may={may} />}
        </Loaded>
      </section>
      <section aria-labelledby="triggers-head" className={css.section}>
        <h2 id="triggers-head">{t('triggers.title')}</h2>
        <Loaded query={triggers}>
          {({ items }) => items.length === 0 ? <div className="panel"><Empty title={t('triggers.none')} icon={<IconBolt size={26} stroke={1.4} aria-hidden />} action={create}>{t('triggers.none_text')}</Empty></div> : <TriggerTable items={items} may={may} />}
        </Loaded>
      </section>
      {making && <CampaignForm onClose={() => setMaking(false)} />}
    </PageBody>
  );
}
