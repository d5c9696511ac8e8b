import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { PageBody, PageHead } from '@/ui/parts';
import { Views } from '@/ui/rows';
import { RulesTab } from './rules';
import { SwitchesTab } from './switches';
import { TableTab } from './table';
import { VersionsTab } from './versions';

const route = getRouteApi('/policies');

/** What decides: the policy's table, the rules, their versions on the way to live, and the switches. */
export default function Policies() {
  const { t } = useTranslation();
  const { tab, rule, version } = route.useSearch();
  const navigate = route.useNavigate();
  const view = tab ?? 'table';
  return (
    <PageBody>
      <PageHead title={t('nav.policies')}>{t('policies.lead')}</PageHead>
      <Views label={t('policies.views')} value={view} onView={(v) => void navigate({ search: { tab: v === 'table' ? undefined : v } })}
        views={(['table', 'rules', 'versions', 'switches'] as const).map((v) => ({ value: v, label: t(`policies_tab.${v}`) }))} />
      {view === 'table' && <TableTab />}
      {view === 'rules' && <RulesTab open={rule} onOpen={(name) => void navigate({ search: { tab: 'rules', rule: name } })} />}
      {view === 'versions' && <VersionsTab open={version} onOpen={(id) => void navigate({ search: { tab: 'versions', version: id } })} />}
      {view === 'switches' && <SwitchesTab />}
    </PageBody>
  );
}
