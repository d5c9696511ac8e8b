import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from './client';
import type { BotFlow, Page } from './types';

export function useFlows() {
  return useQuery({ queryKey: ['flows'], queryFn: () => unwrap<Page<BotFlow>>(api.GET('/flows')) });
}

/** Says which live flows would miss a thing, to be read before it is archived; empty where none would. */
export function useMissed(kind: keyof BotFlow['uses']): (name: string) => string {
  const { t, i18n } = useTranslation();
  const flows = useFlows().data?.items ?? [];
  return (name) => {
    const list = flows.filter((f) => f.uses[kind].includes(name)).map((f) => f.name);
    return list.length === 0 ? '' : ` ${t('act.missed_by_flows', { count: list.length, list: new Intl.ListFormat(i18n.language).format(list) })}`;
  };
}
